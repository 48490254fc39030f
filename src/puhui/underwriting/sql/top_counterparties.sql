-- A firm's largest buyers or suppliers over its last 12 months with invoices; valid invoices, red ones netted.
-- Parameters: firm_id, direction, most, as_of (null for all).
WITH seen AS (
    SELECT issued_on, counterparty, net_minor FROM underwriting_invoice
    WHERE firm_id = %(firm_id)s AND direction = %(direction)s AND valid
      AND (%(as_of)s::date IS NULL OR issued_on < %(as_of)s::date)
), year AS (
    SELECT seen.* FROM seen, (SELECT max(issued_on) AS last_on FROM seen) a
    WHERE issued_on > a.last_on - interval '12 months'
), partner AS (
    SELECT counterparty, sum(net_minor)::bigint AS net_minor, count(*) AS invoices, min(issued_on) AS first_on,
           max(issued_on) AS last_on
    FROM year GROUP BY counterparty
)
SELECT counterparty, net_minor,
    (greatest(net_minor, 0) / nullif(sum(greatest(net_minor, 0)) OVER (), 0))::float8 AS share,
    invoices, first_on, last_on
FROM partner ORDER BY net_minor DESC, counterparty LIMIT %(most)s
