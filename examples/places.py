"""Where the sample shop keeps its goods: real cities, invented houses. Data for generate.py."""

from typing import NamedTuple


class City(NamedTuple):
    name: str
    state_code: str
    country_code: str
    zip_code: str
    lat: float
    lng: float
    dialling: str
    street: str


CITIES = [
    City("Bergen", "46", "NO", "5014", 60.393, 5.324, "+47 55", "Vaskerelven"),
    City("Oslo", "03", "NO", "0182", 59.914, 10.752, "+47 22", "Torggata"),
    City("Trondheim", "50", "NO", "7011", 63.431, 10.395, "+47 73", "Nordre gate"),
    City("Göteborg", "O", "SE", "411 06", 57.709, 11.975, "+46 31", "Vallgatan"),
    City("Stockholm", "AB", "SE", "111 56", 59.329, 18.069, "+46 8", "Mäster Samuelsgatan"),
    City("Malmö", "M", "SE", "211 22", 55.605, 13.004, "+46 40", "Södergatan"),
    City("København", "84", "DK", "1150", 55.676, 12.568, "+45 33", "Købmagergade"),
    City("Aarhus", "82", "DK", "8000", 56.163, 10.204, "+45 86", "Frederiksgade"),
    City("Helsinki", "18", "FI", "00100", 60.170, 24.938, "+358 9", "Kalevankatu"),
    City("Tampere", "11", "FI", "33100", 61.498, 23.761, "+358 3", "Hämeenkatu"),
    City("Hamburg", "HH", "DE", "20095", 53.551, 9.994, "+49 40", "Spitalerstraße"),
    City("Berlin", "BE", "DE", "10117", 52.520, 13.405, "+49 30", "Friedrichstraße"),
    City("Köln", "NW", "DE", "50667", 50.938, 6.960, "+49 221", "Breite Straße"),
    City("München", "BY", "DE", "80331", 48.137, 11.575, "+49 89", "Sendlinger Straße"),
    City("Stuttgart", "BW", "DE", "70173", 48.776, 9.183, "+49 711", "Calwer Straße"),
    City("Leipzig", "SN", "DE", "04109", 51.340, 12.374, "+49 341", "Petersstraße"),
    City("Wien", "9", "AT", "1070", 48.208, 16.374, "+43 1", "Neubaugasse"),
    City("Innsbruck", "7", "AT", "6020", 47.269, 11.404, "+43 512", "Museumstraße"),
    City("Zürich", "ZH", "CH", "8001", 47.377, 8.542, "+41 44", "Löwenstrasse"),
    City("Bern", "BE", "CH", "3011", 46.948, 7.447, "+41 31", "Marktgasse"),
    City("Amsterdam", "NH", "NL", "1012 KE", 52.368, 4.904, "+31 20", "Damstraat"),
    City("Utrecht", "UT", "NL", "3511 LN", 52.091, 5.122, "+31 30", "Steenweg"),
    City("Antwerpen", "VAN", "BE", "2000", 51.219, 4.402, "+32 3", "Nationalestraat"),
    City("Gent", "VOV", "BE", "9000", 51.054, 3.717, "+32 9", "Veldstraat"),
    City("Paris", "IDF", "FR", "75006", 48.857, 2.352, "+33 1", "Rue de Rennes"),
    City("Lyon", "ARA", "FR", "69002", 45.764, 4.836, "+33 4", "Rue Mercière"),
    City("Grenoble", "ARA", "FR", "38000", 45.188, 5.725, "+33 4", "Rue Lesdiguières"),
    City("Bordeaux", "NAQ", "FR", "33000", 44.838, -0.579, "+33 5", "Cours de l'Intendance"),
    City("Nantes", "PDL", "FR", "44000", 47.218, -1.554, "+33 2", "Rue Crébillon"),
    City("Milano", "MI", "IT", "20121", 45.464, 9.190, "+39 02", "Via Solferino"),
    City("Torino", "TO", "IT", "10121", 45.070, 7.687, "+39 011", "Via Lagrange"),
    City("Bolzano", "BZ", "IT", "39100", 46.498, 11.355, "+39 0471", "Via dei Portici"),
    City("Bologna", "BO", "IT", "40124", 44.495, 11.343, "+39 051", "Via Farini"),
    City("Barcelona", "B", "ES", "08002", 41.387, 2.170, "+34 93", "Carrer dels Arcs"),
    City("Bilbao", "BI", "ES", "48001", 43.263, -2.935, "+34 94", "Calle Ercilla"),
    City("Madrid", "M", "ES", "28004", 40.417, -3.704, "+34 91", "Calle de Fuencarral"),
    City("Porto", "13", "PT", "4000-322", 41.158, -8.629, "+351 22", "Rua das Flores"),
    City("Lisboa", "11", "PT", "1200-109", 38.722, -9.139, "+351 21", "Rua Garrett"),
    City("Edinburgh", "EDH", "GB", "EH2 2ER", 55.953, -3.188, "+44 131", "George Street"),
    City("Manchester", "MAN", "GB", "M2 4WU", 53.481, -2.242, "+44 161", "King Street"),
    City("London", "LND", "GB", "WC2H 9JA", 51.507, -0.128, "+44 20", "Long Acre"),
    City("Dublin", "D", "IE", "D02 HX96", 53.350, -6.260, "+353 1", "Wicklow Street"),
    City("Kraków", "12", "PL", "31-042", 50.065, 19.945, "+48 12", "Ulica Sławkowska"),
    City("Praha", "10", "CZ", "110 00", 50.076, 14.438, "+420 22", "Dlouhá"),
    City("Ljubljana", "061", "SI", "1000", 46.057, 14.506, "+386 1", "Trubarjeva cesta"),
    City("Boston", "MA", "US", "02116", 42.360, -71.058, "+1 617", "Newbury Street"),
    City("Denver", "CO", "US", "80202", 39.739, -104.990, "+1 303", "Larimer Street"),
    City("Portland", "OR", "US", "97205", 45.515, -122.679, "+1 503", "SW Alder Street"),
]
