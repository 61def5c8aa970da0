"""What the sample shop sells: families of goods whose variants become SKUs. Data for generate.py."""

from typing import NamedTuple

FITS = ("W", "M")
CLOTHES = ("XS", "S", "M", "L", "XL", "XXL")
SHOES = tuple(str(size) for size in range(36, 48))
ONE = ("",)
GREYS = ("coal", "slate", "chalk")
EARTH = ("moss", "rust", "sand")
BRIGHT = ("fjord", "plum", "signal")
ALL = GREYS + EARTH + BRIGHT


class Family(NamedTuple):
    """`category` is the code of a shipping category, `cents` the price of the smallest size in euro cents."""

    code: str
    name: str
    category: str
    hs_tariff_number: str
    grams: int
    cents: int
    colours: tuple[str, ...]
    fits: tuple[str, ...]
    sizes: tuple[str, ...]


FAMILIES = [
    Family("SOCK", "Wool socks", "LETTER", "611594", 80, 1990, GREYS + EARTH, ONE, ("S", "M", "L")),
    Family("HAT", "Knitted hat", "LETTER", "650500", 70, 2990, GREYS + EARTH, ONE, ONE),
    Family("GLOVE", "Touring gloves", "LETTER", "611610", 110, 4990, GREYS, ONE, ("S", "M", "L", "XL")),
    Family("TENT", "Tunnel tent", "BULKY", "630622", 1400, 34900, EARTH, ONE, ("1P", "2P", "3P", "4P")),
    Family("BAG", "Sleeping bag", "BULKY", "940430", 900, 22900, BRIGHT, ONE, ("SPRING", "AUTUMN", "WINTER")),
    Family("MAT", "Insulated mat", "PARCEL", "940421", 480, 10900, BRIGHT, ONE, ("R", "RW", "L", "LW")),
    Family("PACK", "Backpack", "BULKY", "420292", 950, 14900, GREYS + BRIGHT, ONE, ("28", "38", "48", "65")),
    Family("DRY", "Dry bag", "LETTER", "392690", 90, 1690, BRIGHT, ONE, ("3", "8", "13", "20", "35")),
    Family("BTL", "Steel bottle", "PARCEL", "732393", 280, 2990, GREYS + EARTH, ONE, ("05", "07", "10")),
    Family("POT", "Camp pot", "PARCEL", "761510", 310, 3990, ONE, ONE, ("08", "14", "20")),
    Family("STOVE", "Gas stove", "PARCEL", "732111", 260, 6990, ONE, ONE, ("SOLO", "DUO")),
    Family("GAS", "Gas cartridge", "HAZMAT", "271112", 380, 690, ONE, ONE, ("100", "230", "450")),
    Family("LAMP", "Head lamp", "LETTER", "851310", 95, 4490, BRIGHT, ONE, ("200", "350", "500")),
    Family("POLE", "Trekking poles", "BULKY", "660200", 480, 9990, GREYS, ONE, ("FIX", "FOLD")),
    Family("KAYAK", "Inflatable kayak", "FREIGHT", "890310", 12500, 89900, BRIGHT, ONE, ("SOLO", "DUO")),
    Family("BOOT", "Hiking boots", "BULKY", "640391", 1250, 21900, (*GREYS, "walnut"), FITS, SHOES),
    Family("TRAIL", "Trail shoes", "PARCEL", "640411", 640, 13900, GREYS + BRIGHT, FITS, SHOES),
    Family("APPR", "Approach shoes", "PARCEL", "640419", 760, 15900, EARTH, FITS, SHOES),
    Family("SANDAL", "River sandals", "PARCEL", "640299", 520, 8900, GREYS, FITS, SHOES),
    Family("TEE", "Merino T-shirt", "PARCEL", "610990", 160, 5900, ALL, FITS, CLOTHES),
    Family("BASE", "Base layer top", "PARCEL", "611011", 190, 7900, ALL, FITS, CLOTHES),
    Family("TIGHT", "Base layer tights", "PARCEL", "611030", 170, 6900, ALL, FITS, CLOTHES),
    Family("FLC", "Fleece jacket", "PARCEL", "610130", 380, 11900, ALL, FITS, CLOTHES),
    Family("SHELL", "Rain shell", "PARCEL", "620193", 420, 24900, ALL, FITS, CLOTHES),
    Family("DOWN", "Down jacket", "PARCEL", "620240", 450, 28900, ALL, FITS, CLOTHES),
    Family("SOFT", "Softshell jacket", "PARCEL", "620193", 520, 15900, ALL, FITS, CLOTHES),
    Family("WIND", "Wind jacket", "PARCEL", "620193", 140, 9900, ALL, FITS, CLOTHES),
    Family("HOOD", "Terry hoodie", "PARCEL", "611020", 480, 8900, ALL, FITS, CLOTHES),
    Family("SKI", "Touring trousers", "PARCEL", "620343", 510, 21900, ALL, FITS, CLOTHES),
    Family("VEST", "Down vest", "PARCEL", "620240", 290, 18900, ALL, FITS, CLOTHES),
    Family("TRS", "Trekking trousers", "PARCEL", "620343", 430, 13900, ALL, FITS, CLOTHES),
    Family("SHORT", "Trail shorts", "PARCEL", "620343", 220, 7900, ALL, FITS, CLOTHES),
    Family("SHIRT", "Travel shirt", "PARCEL", "620530", 240, 8900, ALL, FITS, CLOTHES),
]
