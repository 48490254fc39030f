-- Fields of other owners whose box meets this one; the newest word on each field only.
SELECT item.id, item.values -> 'boundary' AS boundary
FROM underwriting_evidence_item item
WHERE item.kind = 'plot' AND item.person_id <> %(person_id)s AND item.box_south IS NOT NULL
  AND item.box_south < %(north)s AND item.box_north > %(south)s AND item.box_west < %(east)s AND item.box_east > %(west)s
  AND NOT EXISTS (SELECT 1 FROM underwriting_evidence_item later WHERE later.replaces_id = item.id)
ORDER BY item.id
