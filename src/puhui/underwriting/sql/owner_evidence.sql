-- Evidence of shops as somebody could have seen it: observed before the end of `as_of`, recorded by `known_at`, and not
-- replaced by an item that was itself visible then. One row an item, oldest first.
SELECT item.shop_id, item.id, item.kind, item.source, item.grade, item.observed_from, item.observed_to, item.values, item.consent_id
FROM underwriting_evidence_item item
WHERE item.shop_id = ANY(%(shop_ids)s)
  AND item.observed_to <= %(as_of)s::date + 1
  AND item.recorded_at <= %(known_at)s
  AND NOT EXISTS (
      SELECT 1 FROM underwriting_evidence_item later
      WHERE later.replaces_id = item.id AND later.recorded_at <= %(known_at)s AND later.observed_to <= %(as_of)s::date + 1
  )
ORDER BY item.shop_id, item.observed_to, item.recorded_at, item.id
