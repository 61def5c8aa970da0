"""django-import-export: a ModelResource that imports a CSV file by its key, in bulk.

    python -m benchmarks.peers.with_django URL FILE [usual|tuned]

*usual* has what a resource is given first: `use_bulk`, the key, `skip_unchanged`. *tuned* has all that its page on
performance knows for rows that may be there: the rows that are there are read at once, and no differences are kept.
"""

import json
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import django
from django.conf import settings


def configure(url: str) -> None:
    parts = urlsplit(url)
    database = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path[1:],
        "USER": parts.username,
        "PASSWORD": parts.password,
        "HOST": parts.hostname,
        "PORT": parts.port,
    }
    settings.configure(
        DATABASES={"default": database},
        INSTALLED_APPS=["import_export", "benchmarks.peers"],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
    )
    django.setup()


def main(path: Path, way: str) -> None:
    # its classes can be made only when it is configured
    from django.db import connection, models  # noqa: PLC0415
    from import_export.formats.base_formats import CSV  # noqa: PLC0415
    from import_export.instance_loaders import CachedInstanceLoader  # noqa: PLC0415
    from import_export.resources import ModelResource  # noqa: PLC0415

    class Sku(models.Model):
        code = models.CharField(max_length=255, unique=True)
        name = models.TextField()
        description = models.TextField()
        pieces_per_pack = models.IntegerField()
        weight = models.FloatField()
        unit_of_weight = models.TextField()
        hs_tariff_number = models.TextField()
        do_not_ship = models.BooleanField()

        class Meta:
            app_label = "peers"
            db_table = f"django_{way}"

    class Usual(ModelResource):
        class Meta:
            model = Sku
            exclude = ("id",)
            import_id_fields = ("code",)
            use_bulk = True
            skip_unchanged = True

    class Tuned(ModelResource):
        class Meta:
            model = Sku
            exclude = ("id",)
            import_id_fields = ("code",)
            use_bulk = True
            skip_diff = True
            instance_loader_class = CachedInstanceLoader

    with connection.schema_editor() as editor:
        editor.create_model(Sku)
    started = time.perf_counter()
    dataset = CSV().create_dataset(path.read_text())
    (Tuned if way == "tuned" else Usual)().import_data(dataset, raise_errors=True)
    seconds = time.perf_counter() - started
    rows = Sku.objects.count()
    with connection.schema_editor() as editor:
        editor.delete_model(Sku)
    print(json.dumps({"seconds": seconds, "rows": rows}))


if __name__ == "__main__":
    configure(sys.argv[1])
    main(Path(sys.argv[2]), sys.argv[3])
