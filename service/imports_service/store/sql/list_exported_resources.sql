-- Read the next resources of one type to export, in the order of their ids, as many as are not too large together.
--
-- $1 organization_id text, $2 resource_type text, $3 id text (the last before the page, '' for the first page),
-- $4 limit bigint, $5 characters of attributes after which the page is cut bigint, $6 updated_since timestamptz or NULL,
-- $7 attribute of the parent text, $8 id of the parent text or NULL  ->  rows: id text, attributes text, NULL for a
-- resource that is not wanted
--
-- Takes no lock. What is not wanted is read and counts, so that a page that finds nothing still has an end, and the one
-- plan there is is that of the primary key, on a table that was never analysed as well.
SELECT id, attributes
FROM (
    SELECT
        id,
        attributes,
        coalesce(
            sum(length(attributes)) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0
        ) AS before
    FROM (
        SELECT
            id,
            CASE
                WHEN updated_at >= coalesce($6::timestamptz, '-infinity')
                    AND ($8::text IS NULL OR attributes ->> $7::text = $8::text)
                    THEN attributes::text
            END AS attributes
        FROM resource
        WHERE organization_id = $1 AND resource_type = $2 AND id > $3
        ORDER BY id
        LIMIT $4
    ) AS page
) AS measured
WHERE before < $5
ORDER BY id;
