-- Say how many resources of one type some owners have at most, and how many of another type those have in turn.
--
-- $1 organization_id text, $2 resource_type text (of what is owned), $3 ids of owners text[], $4 resource_type text (of
-- what that owns, '' for nothing)  ->  rows: place bigint (in the list of an owner, from 1), owned_count bigint (the most
-- that the one in this place owns), in the order of places
--
-- Takes no lock. OFFSET 0 for the reason of list_owned_resources.
SELECT listed.place, max(inner_count.owned) AS owned_count
FROM unnest($3::text[]) AS k (owner_id)
CROSS JOIN LATERAL (
    SELECT owned.id, row_number() OVER (ORDER BY owned.created_at, owned.id) AS place
    FROM (
        SELECT resource_type, id, created_at
        FROM resource
        WHERE organization_id = $1 AND owner_id = k.owner_id
        OFFSET 0
    ) AS owned
    WHERE owned.resource_type = $2
) AS listed
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE below.resource_type = $4) AS owned
    FROM (
        SELECT resource_type
        FROM resource
        WHERE organization_id = $1 AND owner_id = listed.id AND $4 <> ''
        OFFSET 0
    ) AS below
) AS inner_count
GROUP BY listed.place
ORDER BY listed.place;
