-- A firm's invoices by calendar month, empty months as zeros; valid invoices only but for void_count.
-- Parameters: firm_id, as_of (null for all).
WITH seen AS (
    SELECT date_trunc('month', issued_on::timestamp)::date AS month, direction, counterparty, net_minor, valid
    FROM underwriting_invoice
    WHERE firm_id = %(firm_id)s AND (%(as_of)s::date IS NULL OR issued_on < %(as_of)s::date)
), months AS (
    SELECT generate_series(min(month)::timestamp, max(month)::timestamp, '1 month')::date AS month FROM seen
)
SELECT months.month,
    coalesce(sum(net_minor) FILTER (WHERE direction = 'sale' AND valid), 0)::bigint AS sales_minor,
    coalesce(sum(net_minor) FILTER (WHERE direction = 'purchase' AND valid), 0)::bigint AS purchases_minor,
    coalesce(sum(net_minor) FILTER (WHERE direction = 'sale' AND valid AND net_minor < 0), 0)::bigint AS red_sales_minor,
    count(*) FILTER (WHERE direction = 'sale' AND valid) AS sales_count,
    count(*) FILTER (WHERE direction = 'purchase' AND valid) AS purchases_count,
    count(*) FILTER (WHERE NOT valid) AS void_count,
    count(DISTINCT counterparty) FILTER (WHERE direction = 'sale' AND valid) AS buyers,
    count(DISTINCT counterparty) FILTER (WHERE direction = 'purchase' AND valid) AS suppliers
FROM months LEFT JOIN seen USING (month)
GROUP BY months.month ORDER BY months.month
