"""Six auctions, an oracle and a market of two days of March 2020, small enough to be reckoned by hand."""

from pathlib import Path

NOON = 1_584_014_400
"""12 March 2020, 12:00."""
NEXT_NOON = NOON + 86_400

AUCTION_COLUMNS = "id,best_price_ethdai,lastbid_osm_price_ethusd,osm_price_ethusd,san_price_ethusd,lot,lastbid_timestamp,gasPrice_GWei,timestamp\n"
AUCTIONS = f"""7,90,100,100,95,1,{NOON - 90_000},5,{NOON - 89_000}
1,0.5,100,110,90,10,{NOON},200,{NOON + 600}
2,75,100,110,90,4,{NOON + 60},300,{NOON + 1200}
3,85,100,110,90,2,{NOON + 3600},100,
4,1,100,100,90,2,{NEXT_NOON},,{NEXT_NOON + 6000}
5,0.999,100,100,90,3,{NEXT_NOON + 30},400,{NEXT_NOON + 660}
"""
ORACLE = f"""blockNumber,logIndex,price,ts_interp
3,0,136.747819125,{NOON + 7200}
1,0,100,{NOON - 200_000}
2,0,166.465,{NOON + 3600}
"""
MARKET = "symbol,ts,price\n" + "".join(
    f"{symbol},{at},{price}\n"
    for symbol, price in (("DAIUSD", 1), ("ETHUSD", 90))
    for at in range(NOON - 100_000, NOON + 250_000, 50_000)
)


def write_files(folder: Path, **changed: str) -> Path:
    """Write the files into a folder of recorded data, some of them with another content, and return it."""
    named = {
        "liquidations/maker_flip_ETH-A_auctions_2019-11_2020-04.csv.gz": AUCTION_COLUMNS
        + changed.get("auctions", AUCTIONS),
        "oracle/maker_osm_ETHUSD_LogValue_2019-11_2020-04.csv.gz": changed.get("oracle", ORACLE),
        "prices/2020-02_04_santiment_ETHUSD_DAIUSD_5m.csv.gz": changed.get("market", MARKET),
    }
    for name, content in named.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder
