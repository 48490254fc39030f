-- Evidence per firm as of a date, one row a firm, from invoices alone.
--
-- Half-open: an invoice counts only if issued_on < as_of, so nothing of the as-of day itself or later can leak in.
-- Anchored: the windows of every figure but days_silent end on the firm's own last valid invoice before as_of
-- (anchor), because the files end on different days and a silent end may be the consequence of a default.
-- Valid invoices only, except the void shares. Red (negative) invoices net out of every sum.
-- Parameters: as_of, firm_ids (int[]), loop_floor_minor (smallest gross amount that can make a loop).
WITH firm AS (
    SELECT id, code FROM underwriting_firm WHERE id = ANY(%(firm_ids)s::int[])
), seen AS MATERIALIZED (
    SELECT firm_id, direction, issued_on, counterparty, net_minor, tax_minor, gross_minor, valid
    FROM underwriting_invoice
    WHERE firm_id = ANY(%(firm_ids)s::int[]) AND issued_on < %(as_of)s::date
), anchor AS MATERIALIZED (
    SELECT firm_id, max(issued_on) + 1 AS upto, min(issued_on) AS first_on,
           (max(issued_on) + 1 - interval '12 months')::date AS year_start,
           (max(issued_on) + 1 - interval '24 months')::date AS before_start,
           max(issued_on) FILTER (WHERE direction = 'sale') AS last_sale_on
    FROM seen WHERE valid GROUP BY firm_id
), daily AS MATERIALIZED (   -- one pass over the invoices; all sums below read this much smaller table
    SELECT firm_id, direction, issued_on, counterparty,
           count(*) FILTER (WHERE valid) AS valid_count,
           count(*) FILTER (WHERE NOT valid) AS void_count,
           count(*) FILTER (WHERE valid AND gross_minor < 0) AS red_count,
           coalesce(sum(net_minor) FILTER (WHERE valid), 0) AS net,
           coalesce(sum(tax_minor) FILTER (WHERE valid), 0) AS tax,
           coalesce(sum(gross_minor) FILTER (WHERE valid AND gross_minor < 0), 0) AS red_gross,
           coalesce(sum(gross_minor) FILTER (WHERE valid AND gross_minor > 0), 0) AS black_gross
    FROM seen GROUP BY 1, 2, 3, 4
), totals AS (
    SELECT d.firm_id,
        coalesce(sum(net) FILTER (WHERE sale AND in_year), 0) AS sales_net_year,
        coalesce(sum(net) FILTER (WHERE sale AND before), 0) AS sales_net_before,
        coalesce(sum(net) FILTER (WHERE sale), 0) AS sales_net_all,
        coalesce(sum(tax) FILTER (WHERE sale AND in_year), 0) AS sales_tax_year,
        coalesce(sum(net) FILTER (WHERE NOT sale AND in_year), 0) AS purchases_net_year,
        coalesce(sum(net) FILTER (WHERE NOT sale AND before), 0) AS purchases_net_before,
        coalesce(sum(net) FILTER (WHERE NOT sale), 0) AS purchases_net_all,
        coalesce(sum(valid_count) FILTER (WHERE sale), 0) AS sales_valid,
        coalesce(sum(void_count) FILTER (WHERE sale), 0) AS sales_void,
        coalesce(sum(red_count) FILTER (WHERE sale), 0) AS sales_red,
        coalesce(sum(valid_count) FILTER (WHERE sale AND in_year), 0) AS sales_valid_year,
        coalesce(sum(valid_count) FILTER (WHERE NOT sale AND in_year), 0) AS purchases_valid_year,
        coalesce(sum(valid_count) FILTER (WHERE NOT sale), 0) AS purchases_valid,
        coalesce(sum(void_count) FILTER (WHERE NOT sale), 0) AS purchases_void,
        coalesce(sum(red_count) FILTER (WHERE NOT sale), 0) AS purchases_red,
        coalesce(-sum(red_gross) FILTER (WHERE sale), 0) AS sales_red_gross,
        coalesce(sum(black_gross) FILTER (WHERE sale), 0) AS sales_black_gross,
        coalesce(-sum(red_gross) FILTER (WHERE NOT sale), 0) AS purchases_red_gross,
        coalesce(sum(black_gross) FILTER (WHERE NOT sale), 0) AS purchases_black_gross
    FROM daily d
    LEFT JOIN anchor a USING (firm_id)
    CROSS JOIN LATERAL (SELECT d.direction = 'sale' AS sale,
        d.issued_on >= a.year_start AND d.issued_on < a.upto AS in_year,
        d.issued_on >= a.before_start AND d.issued_on < a.year_start AS before) w
    GROUP BY d.firm_id
), monthly AS (   -- the last 24 anchored months, counted back from the anchor, empty months as zero
    SELECT a.firm_id, k.ago, coalesce(s.net, 0) AS net
    FROM anchor a
    CROSS JOIN LATERAL generate_series(0, 23) AS k(ago)
    LEFT JOIN (
        SELECT d.firm_id, floor((a.upto - 1 - d.issued_on) / 30.4375)::int AS ago, sum(d.net) AS net
        FROM (SELECT firm_id, issued_on, sum(net) AS net FROM daily WHERE direction = 'sale' GROUP BY 1, 2) d
        JOIN anchor a USING (firm_id) GROUP BY 1, 2
    ) s ON s.firm_id = a.firm_id AND s.ago = k.ago
    WHERE a.first_on <= a.upto - 1 - ceil(k.ago * 30.4375)::int
), rhythm AS (
    SELECT firm_id,
        count(*) FILTER (WHERE ago < 12) AS months_year,
        count(*) FILTER (WHERE ago < 12 AND net > 0) AS months_active_year,
        avg(net) FILTER (WHERE ago < 12) AS month_mean,
        stddev_pop(net) FILTER (WHERE ago < 12) AS month_sd,
        max(net) FILTER (WHERE ago < 12) AS month_max
    FROM monthly GROUP BY firm_id
), calendar AS (   -- mean sales of each calendar month over the whole history, for seasonality
    SELECT firm_id, month, sum(net) / count(*) AS mean_net
    FROM (SELECT a.firm_id, extract(month FROM m.start)::int AS month, coalesce(s.net, 0) AS net
          FROM anchor a
          CROSS JOIN LATERAL generate_series(date_trunc('month', a.first_on::timestamp), (a.upto - 1)::timestamp, '1 month') AS m(start)
          LEFT JOIN (SELECT firm_id, date_trunc('month', issued_on::timestamp) AS start, sum(net) AS net
                     FROM daily WHERE direction = 'sale' GROUP BY 1, 2) s
                 ON s.firm_id = a.firm_id AND s.start = m.start) x
    GROUP BY 1, 2
), season AS (
    SELECT firm_id, count(*) AS calendar_months, avg(mean_net) AS calendar_mean, stddev_pop(mean_net) AS calendar_sd
    FROM calendar GROUP BY firm_id
), partner AS MATERIALIZED (
    SELECT d.firm_id, d.direction, d.counterparty,
        greatest(coalesce(sum(net) FILTER (WHERE d.issued_on >= a.year_start), 0), 0) AS net_year,
        greatest(coalesce(sum(net) FILTER (WHERE d.issued_on >= a.before_start AND d.issued_on < a.year_start), 0), 0)
            AS net_before
    FROM daily d JOIN anchor a USING (firm_id)
    WHERE d.valid_count > 0 AND d.issued_on >= a.before_start
    GROUP BY 1, 2, 3
), ranked AS (
    SELECT firm_id, direction, net_year, net_before,
        row_number() OVER (PARTITION BY firm_id, direction ORDER BY net_year DESC, counterparty) AS place,
        sum(net_year) OVER (PARTITION BY firm_id, direction) AS total
    FROM partner
), concentration AS (
    SELECT firm_id, direction,
        count(*) FILTER (WHERE net_year > 0) AS partners,
        coalesce(sum(net_year) FILTER (WHERE place = 1) / nullif(max(total), 0), 0) AS top1,
        coalesce(sum(net_year) FILTER (WHERE place <= 5) / nullif(max(total), 0), 0) AS top5,
        coalesce(sum((net_year / nullif(total, 0)) ^ 2), 0) AS hhi,
        count(*) FILTER (WHERE net_before > 0) AS partners_before,
        sum(net_before) FILTER (WHERE net_year = 0) / nullif(sum(net_before), 0) AS lost_share,
        sum(net_year) FILTER (WHERE net_before = 0) / nullif(sum(net_year), 0) AS new_share
    FROM ranked GROUP BY firm_id, direction
), both_sides AS (   -- self-dealing, by name: the same party buys and sells
    SELECT s.firm_id, sum(least(s.net_year, p.net_year)) AS net_both
    FROM partner s JOIN partner p USING (firm_id, counterparty)
    WHERE s.direction = 'sale' AND p.direction = 'purchase' GROUP BY 1
), amounts AS MATERIALIZED (
    SELECT DISTINCT seen.firm_id, direction, gross_minor, issued_on
    FROM seen JOIN anchor a ON a.firm_id = seen.firm_id AND seen.issued_on >= a.year_start
    WHERE valid AND gross_minor >= %(loop_floor_minor)s
), loops AS (   -- self-dealing, by amount: the same gross amount comes in and goes out within a week
    SELECT s.firm_id, sum(s.gross_minor) AS loop_gross
    FROM amounts s
    WHERE s.direction = 'sale' AND EXISTS (
        SELECT 1 FROM amounts p WHERE p.direction = 'purchase' AND p.firm_id = s.firm_id
          AND p.gross_minor = s.gross_minor AND abs(p.issued_on - s.issued_on) <= 7)
    GROUP BY 1
)
SELECT f.id AS firm_id, f.code,
    a.first_on, a.upto - 1 AS last_on, a.last_sale_on,
    (%(as_of)s::date - a.upto) + 1 AS days_silent,
    (%(as_of)s::date - a.last_sale_on) AS days_without_sale,
    (%(as_of)s::date - a.first_on) AS days_known,
    t.sales_net_year::bigint, t.sales_net_before::bigint, t.sales_net_all::bigint, t.sales_tax_year::bigint,
    t.purchases_net_year::bigint, t.purchases_net_before::bigint, t.purchases_net_all::bigint,
    t.sales_valid::bigint, t.sales_void::bigint, t.sales_red::bigint, t.sales_valid_year::bigint,
    t.purchases_valid::bigint, t.purchases_void::bigint, t.purchases_red::bigint, t.purchases_valid_year::bigint,
    t.sales_red_gross::bigint, t.sales_black_gross::bigint, t.purchases_red_gross::bigint,
    t.purchases_black_gross::bigint,
    r.months_year::int, r.months_active_year::int, r.month_mean::float8, r.month_sd::float8, r.month_max::float8,
    n.calendar_months::int, n.calendar_mean::float8, n.calendar_sd::float8,
    b.partners::int AS buyers, b.top1::float8 AS buyer_top1, b.top5::float8 AS buyer_top5, b.hhi::float8 AS buyer_hhi,
    b.partners_before::int AS buyers_before, b.lost_share::float8 AS buyer_lost_share,
    b.new_share::float8 AS buyer_new_share,
    s.partners::int AS suppliers, s.top1::float8 AS supplier_top1, s.top5::float8 AS supplier_top5,
    s.hhi::float8 AS supplier_hhi, s.partners_before::int AS suppliers_before,
    s.lost_share::float8 AS supplier_lost_share, s.new_share::float8 AS supplier_new_share,
    coalesce(bs.net_both, 0)::bigint AS both_sides_net_year, coalesce(l.loop_gross, 0)::bigint AS loop_gross_year
FROM firm f
LEFT JOIN anchor a ON a.firm_id = f.id
LEFT JOIN totals t ON t.firm_id = f.id
LEFT JOIN rhythm r ON r.firm_id = f.id
LEFT JOIN season n ON n.firm_id = f.id
LEFT JOIN concentration b ON b.firm_id = f.id AND b.direction = 'sale'
LEFT JOIN concentration s ON s.firm_id = f.id AND s.direction = 'purchase'
LEFT JOIN both_sides bs ON bs.firm_id = f.id
LEFT JOIN loops l ON l.firm_id = f.id
ORDER BY f.id
