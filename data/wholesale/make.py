"""Make the synthetic distributor: orders, accounts, contacts, costs and targets, and the truth behind them.

Usage: python make.py [OUT_DIR [TRUTH_FILE]]

Without arguments the files are written beside this script and the truth into tests/reference. The same versions of
numpy and pyarrow give the same bytes. The script is frozen: nothing in it was tuned on the results of a model.

How an account behaves: it has a daily order rate (class, season, trend, events, death). Orders are a gamma renewal
process in the time that this rate makes: shape above 1 buys regularly, below 1 in bursts.
"""

import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

SEED = 20260630
FIRST = np.datetime64("2022-07-01")
AS_OF = np.datetime64("2026-06-30")
DAYS = int((AS_OF - FIRST).astype(int)) + 1  # days with orders
HORIZON = 90  # days after AS_OF for which the truth is known
ALL_DAYS = FIRST + np.arange(DAYS + HORIZON)
MONTH = pd.DatetimeIndex(ALL_DAYS).month.to_numpy()
NEVER = 10**6  # a day that never comes

PRICE_RISE = int((np.datetime64("2024-04-01") - FIRST).astype(int))
LINE_ENDS = int((np.datetime64("2025-03-31") - FIRST).astype(int))  # last day on which the lost line can be ordered
MERGER = int((np.datetime64("2025-10-01") - FIRST).astype(int))

# accounts; days between orders; lines an order; list value of a line (CNY); products known; categories;
# yearly death rate; share that bought before FIRST; discount from, to; shares of growth and decline;
# shares of regular and seasonal buyers
CLASSES = pd.DataFrame(
    {
        "strategic": [16, 3.6, 10, 1250, 90, (6, 8), 0.02, 0.95, (0.08, 0.15), (0.30, 0.20), (0.90, 0.05)],
        "key": [70, 6.5, 8, 950, 60, (5, 8), 0.05, 0.75, (0.04, 0.11), (0.25, 0.25), (0.80, 0.10)],
        "growth": [126, 17, 5.5, 600, 35, (3, 6), 0.06, 0.45, (0.02, 0.08), (0.85, 0.00), (0.75, 0.10)],
        "standard": [520, 17, 5, 1000, 24, (2, 5), 0.14, 0.50, (0.00, 0.06), (0.15, 0.25), (0.60, 0.18)],
        "tail": [620, 52, 3, 850, 10, (1, 3), 0.30, 0.42, (0.00, 0.02), (0.12, 0.20), (0.35, 0.20)],
        "prospect": [148, 0, 0, 0, 0, (1, 3), 0.0, 0.0, (0.0, 0.0), (0.0, 0.0), (0.0, 0.0)],
    },
    index="count gap lines line_value products categories death_rate old_share discount trend pattern".split(),
).T

# name, code, median list price, cost as a share of the list price
CATEGORIES = pd.DataFrame(
    [
        ("Tableware", "TAB", 28, 0.62),
        ("Glassware", "GLA", 18, 0.64),
        ("Kitchen equipment", "KIT", 380, 0.74),
        ("Linen", "LIN", 85, 0.66),
        ("Guest amenities", "AME", 9, 0.60),
        ("Cleaning", "CLE", 62, 0.68),
        ("Packaging", "PAC", 38, 0.75),
        ("Tea and coffee", "TEA", 120, 0.70),
    ],
    columns=["category", "code", "price", "cost_share"],
)

# share of accounts; wish for each category; months in which a seasonal buyer buys; endings of its names
INDUSTRIES = {
    "hotel": (0.24, [2, 2, 1, 4, 4, 3, 0.5, 2], [4, 5, 6, 7, 8, 9, 10],
              [("Hotel", "酒店"), ("Inn", "客栈"), ("Resort", "度假村"), ("Guesthouse", "宾馆")]),
    "restaurant": (0.28, [4, 3, 3, 1, 0.2, 2, 3, 2], [1, 9, 10, 11, 12],
                   [("Restaurant", "餐厅"), ("Kitchen", "小厨"), ("Noodle House", "面馆"), ("Teahouse", "茶楼")]),
    "catering": (0.13, [2, 1, 3, 0.5, 0.1, 2, 5, 1], [3, 4, 5, 6, 9, 10, 11],
                 [("Catering", "餐饮服务"), ("Canteens", "团膳"), ("Banquets", "宴会服务")]),
    "hospital": (0.07, [1, 0.5, 1, 4, 2, 5, 2, 0.5], [1, 2, 3, 11, 12],
                 [("Hospital", "医院"), ("Clinic", "门诊部"), ("Care Home", "养老院")]),
    "school": (0.07, [3, 0.5, 3, 1, 0.1, 4, 2, 0.3], [3, 4, 5, 6, 9, 10, 11, 12],
               [("School", "学校"), ("Kindergarten", "幼儿园"), ("College", "学院")]),
    "office": (0.08, [1, 1, 0.5, 0.2, 0.5, 3, 2, 5], [1, 8, 9, 12],
               [("Office Services", "后勤服务"), ("Business Park", "商务园")]),
    "retail": (0.13, [4, 4, 2, 2, 0.5, 2, 2, 3], [1, 10, 11, 12],
               [("Trading", "商贸"), ("Homeware", "家居"), ("Supplies", "日用百货")]),
}  # fmt: skip

# share of accounts, cost of one delivery in CNY
REGIONS = {"East": (0.34, 70), "South": (0.20, 85), "North": (0.15, 95), "Central": (0.12, 90),
           "Southwest": (0.10, 120), "Northeast": (0.05, 130), "Northwest": (0.04, 160)}  # fmt: skip

KEY_MANAGERS = ["Lin Yuehan 林悦涵", "Qiu Zhanpeng 邱展鹏", "Fan Ruoxi 范若溪", "Dou Kaiming 窦开明"]
REGION_MANAGERS = {
    "East": ["Shen Muqing 沈牧青", "Tao Jiashu 陶嘉树"], "South": ["Liang Haoran 梁灏然", "Mo Siyu 莫思雨"],
    "North": ["Geng Wenbo 耿文柏"], "Central": ["Yin Qiaozhi 尹乔之"], "Southwest": ["Ran Xiaodi 冉小荻"],
    "Northeast": ["Pang Lixue 庞立雪"], "Northwest": ["Pang Lixue 庞立雪"],
}  # fmt: skip

NAME_STARTS = """
Acorn橡 Amber琥 Bobbin轴 Camphor樟 Catkin絮 Chime磬 Cicada蝉 Clay陶 Cricket蟋 Cymbal钹 Dew露 Ferry渡 Flint燧
Gourd葫 Heron鹭 Indigo靛 Inkstone砚 Kettle壶 Kite鸢 Ladle勺 Lantern灯 Lichen苔 Loom织 Magpie鹊 Millet粟 Mist雾
Ochre赭 Otter獭 Paddle桨 Parasol伞 Pebble砾 Pewter锡 Plover鸻 Quill翎 Raft筏 Reed苇 Saddle鞍 Sail帆 Sesame芝
Sickle镰 Slate板 Sorrel蓼 Spindle梭 Sundial晷 Swallow燕 Tassel穗 Thistle蓟 Whistle哨 Wren雀 Yarrow蓍
""".split()
NAME_ENDS = """
bank岸 bay湾 bend弯 bridge桥 brook溪 court苑 cove浦 crest峰 dale谷 field田 ford津 garth园 gate门 grove林 hill岗
hythe埠 isle洲 lane巷 ledge岩 lock闸 mere湖 mill坊 moor原 path径 pool潭 rise坡 slope坪 spring泉 stone石 tower楼
well井 yard院
""".split()
BRANCHES = """
Riverside滨江店 Station车站店 Old_Town老城店 University大学店 Airport机场店 New_District新区店 Lakeside湖滨店
South_Gate南门店 Stadium体育场店 Harbour港口店 Hillfoot山前店 Fairground会展店
""".split()

PLACE = {"school": ("Campus", "校区"), "hospital": ("Site", "院区")}  # what a branch is called where it is no shop

LOST_LINE_PRODUCTS = 9


def split_word(word):
    """Split 'Heron鹭' into 'Heron' and '鹭'."""
    english = "".join(c for c in word if c.isascii())
    return english.replace("_", " "), word[len(english) :]


def day_of(text):
    return int((np.datetime64(text) - FIRST).astype(int))


def round_half_up(numerator, denominator):
    """Divide integers and round halves away from zero."""
    return np.sign(numerator) * ((2 * np.abs(numerator) + denominator) // (2 * denominator))


# ---------------------------------------------------------------------------------------------------- what is sold


def draw_products(rng):
    """Return columns with one entry per product; prices in fen (1/100 CNY) at the first price list."""
    parts = []
    for c, row in enumerate(CATEGORIES.itertuples()):
        count = 40 + (LOST_LINE_PRODUCTS if row.code == "AME" else 0)
        price = row.price * rng.lognormal(0, 0.55, count)
        number = np.arange(1, count + 1)
        lost = number > 40
        # one product in eight is launched after FIRST
        launch = np.where((rng.random(count) < 0.125) & ~lost, rng.integers(60, DAYS - 90, count), -1)
        parts.append(pd.DataFrame({
            "product": [f"{row.code}-{901 + n - 41 if n > 40 else n:03d}" for n in number],
            "category": c,
            "price": np.maximum(np.round(price * 10), 5).astype(int) * 10,
            "cost": np.round(price * 100 * row.cost_share * rng.uniform(0.93, 1.07, count)).astype(int),
            "pack": np.select([price > 100, price > 30], [1, 6], 12),
            "popularity": rng.lognormal(0, 1.0, count),
            "launch": launch,
            "last": np.where(lost, LINE_ENDS, NEVER),
            "lost_line": lost,
        }))  # fmt: skip
    table = pd.concat(parts, ignore_index=True)
    return {column: table[column].to_numpy() for column in table}


def price_index():
    """Return the list price level of each day: small revisions each January, 9 % on 2024-04-01."""
    index = np.ones(len(ALL_DAYS))
    for start, factor in [("2023-01-01", 1.015), ("2024-04-01", 1.09), ("2025-01-01", 1.01), ("2026-01-01", 1.01)]:
        index[day_of(start) :] *= factor
    return index


def cost_index():
    index = np.ones(len(ALL_DAYS))
    for start, factor in [("2023-03-01", 1.02), ("2024-02-01", 1.055), ("2025-06-01", 1.01)]:
        index[day_of(start) :] *= factor
    return index


# ------------------------------------------------------------------------------------------------------- who buys


def draw_accounts(rng):
    """Return one row per account with what decides its behaviour."""
    parts = []
    for name, c in CLASSES.iterrows():
        n = c["count"]
        growth, decline = c["trend"]
        regular, seasonal = c["pattern"]
        part = pd.DataFrame({"latent_class": [name] * n})
        part["industry"] = rng.choice(list(INDUSTRIES), n, p=[i[0] for i in INDUSTRIES.values()])
        part["region"] = rng.choice(list(REGIONS), n, p=[r[0] for r in REGIONS.values()])
        part["pattern"] = rng.choice(
            ["regular", "seasonal", "erratic"], n, p=[regular, seasonal, 1 - regular - seasonal]
        )
        part["trend"] = rng.choice(["growth", "decline", "flat"], n, p=[growth, decline, 1 - growth - decline])
        part["gap"] = c["gap"] * rng.lognormal(0, 0.38, n)
        part["lines"] = np.maximum(c["lines"] * rng.lognormal(0, 0.3, n), 1.3)
        part["line_value"] = c["line_value"] * rng.lognormal(0, 0.45, n)
        part["products"] = np.maximum(np.round(c["products"] * rng.lognormal(0, 0.25, n)), 4)
        part["categories"] = rng.integers(c["categories"][0], c["categories"][1] + 1, n)
        part["discount"] = rng.uniform(*c["discount"], n)
        part["death_rate"] = c["death_rate"]
        part["start"] = np.where(rng.random(n) < c["old_share"], -1, rng.integers(1, DAYS - 20, n))
        parts.append(part)
    accounts = pd.concat(parts, ignore_index=True)
    n = len(accounts)
    accounts.loc[(accounts["industry"] == "school") & (accounts["pattern"] == "regular"), "pattern"] = "seasonal"
    accounts["shape"] = np.select(
        [accounts["pattern"] == "regular", accounts["pattern"] == "seasonal"],
        [rng.uniform(2, 6, n), rng.uniform(1.5, 3, n)], rng.uniform(0.45, 0.8, n),
    )  # fmt: skip
    big = accounts["latent_class"].isin(["strategic", "key"])
    slope = np.where(big, rng.uniform(0.08, 0.25, n), rng.uniform(0.25, 0.85, n))
    accounts["slope"] = np.select(
        [accounts["trend"] == "growth", accounts["trend"] == "decline"], [slope, -rng.uniform(0.15, 0.5, n)], 0.0
    )
    accounts["return_share"] = np.where(rng.random(n) < 0.05, rng.uniform(0.10, 0.16, n), rng.uniform(0.01, 0.04, n))
    accounts["late_days"] = np.where(rng.random(n) < 0.08, rng.uniform(35, 90, n), rng.normal(2, 4, n))
    accounts["late_payer"] = accounts["late_days"] > 30
    return accounts


def draw_deaths(rng, accounts):
    """Add the day of death (NEVER where it lies beyond the data), its kind, and the first day of fading."""
    n = len(accounts)
    accounts = accounts.copy()
    years = rng.exponential(1, n) / np.maximum(accounts["death_rate"], 1e-9)
    born = np.maximum(accounts["start"], 0)
    death = np.minimum(born + 20 + years * 365, NEVER).astype(int)
    accounts["death"] = death
    accounts["death_kind"] = np.where(rng.random(n) < 0.45, "fading", "sudden")
    fade = rng.integers(90, 271, n)
    accounts["fade_start"] = np.where(accounts["death_kind"] == "fading", np.maximum(death - fade, born + 10), death)
    return accounts


def choose(rng, accounts, possible, count):
    """Return the labels of `count` accounts for which `possible` holds."""
    return rng.choice(accounts.index[possible], count, replace=False)


def draw_events(rng, accounts):
    """Add the price rise, the lost line, the merger and the accounts that cost more than they bring."""
    accounts = accounts.copy()
    cls = accounts["latent_class"]
    accounts["event"] = "none"
    accounts["level_after"] = 1.0  # factor on the order rate after the event
    accounts["event_day"] = NEVER
    accounts["lost_line_share"] = 0.0
    accounts["unprofitable"] = False
    accounts["merges_into"] = -1
    settled = (accounts["start"] < 0) & (accounts["death"] > DAYS + HORIZON)

    # two large accounts of one trade merge: the second stops, the first takes over its volume
    steady = settled & (accounts["pattern"] == "regular")
    buyer = choose(
        rng, accounts, steady & (cls == "strategic") & accounts["industry"].isin(["hotel", "restaurant"]), 1
    )[0]
    same_trade = accounts["industry"] == accounts["industry"][buyer]
    target = choose(rng, accounts, steady & (cls == "key") & same_trade, 1)[0]
    accounts.loc[[buyer, target], ["event", "event_day", "trend", "slope"]] = ["merger", MERGER, "flat", 0.0]
    accounts.loc[target, ["death", "fade_start", "death_kind"]] = [MERGER, MERGER, "sudden"]
    accounts.loc[target, "merges_into"] = buyer

    free = steady & (accounts["event"] == "none")
    costly = [choose(rng, accounts, free & (cls == name), count) for name, count in [("strategic", 3), ("key", 6)]]
    costly = np.concatenate(costly)
    accounts.loc[costly, "unprofitable"] = True
    accounts.loc[costly, "discount"] = rng.uniform(0.21, 0.25, len(costly))
    accounts.loc[costly, "return_share"] = rng.uniform(0.06, 0.09, len(costly))
    accounts.loc[costly, "gap"] /= 1.6  # many small deliveries
    accounts.loc[costly, "line_value"] /= 1.6

    buys = (accounts["start"] < LINE_ENDS - 250) & (accounts["death"] > LINE_ENDS + 30) & (accounts["event"] == "none")
    buys &= accounts["industry"].isin(["hotel", "hospital"]) & ~accounts["unprofitable"]
    counts = {"key": 4, "growth": 8, "standard": 30, "tail": 8}
    lost = np.concatenate([choose(rng, accounts, buys & (cls == name), count) for name, count in counts.items()])
    accounts.loc[lost, "event"] = "lost_line"
    accounts.loc[lost, "event_day"] = LINE_ENDS + 1
    accounts.loc[lost, "level_after"] = rng.uniform(0.45, 0.8, len(lost))
    accounts.loc[lost, "lost_line_share"] = rng.uniform(0.7, 0.92, len(lost))

    share = cls.map({"strategic": 0.0, "key": 0.10, "growth": 0.08, "standard": 0.17, "tail": 0.16, "prospect": 0.0})
    there = (accounts["start"] < PRICE_RISE - 45) & (accounts["death"] > PRICE_RISE + 5)
    there &= (accounts["event"] == "none") & ~accounts["unprofitable"]
    hit = there & (rng.random(len(accounts)) < share)
    leaves = hit & (rng.random(len(accounts)) < 0.55)
    shrinks = hit & ~leaves
    accounts.loc[hit, ["event", "event_day"]] = ["price_rise", PRICE_RISE]
    accounts.loc[shrinks, "level_after"] = rng.uniform(0.35, 0.65, shrinks.sum())
    sooner = PRICE_RISE + rng.integers(4, 150, leaves.sum())
    accounts.loc[leaves, "death"] = np.minimum(sooner, accounts.loc[leaves, "death"])
    accounts.loc[leaves, "fade_start"] = np.where(
        accounts.loc[leaves, "death_kind"] == "fading", PRICE_RISE, accounts.loc[leaves, "death"]
    )
    return accounts


def draw_repertoire(rng, account, products):
    """Return the products an account knows and how often it takes each."""
    wish = rng.gamma(1.5, 1, len(CATEGORIES)) * INDUSTRIES[account.industry][1]
    known = np.argsort(-wish)[: account.categories]
    if account.lost_line_share > 0:
        known = np.union1d(known, [4])
    weight = np.where(np.isin(products["category"], known), wish[products["category"]] * products["popularity"], 0.0)
    weight[products["lost_line"] & (rng.random() < 0.6)] = 0.0  # most others never bought the lost line
    count = min(int(account.products), int((weight > 0).sum()))
    chosen = rng.choice(len(weight), count, replace=False, p=weight / weight.sum())
    share = weight[chosen] ** 0.5 * rng.gamma(0.8, 1, count)
    if account.lost_line_share > 0:  # the whole lost line makes up its share, the rest keeps its proportions
        old = ~products["lost_line"][chosen]
        lost = np.flatnonzero(products["lost_line"])
        lost_share = rng.gamma(2, 1, len(lost))
        lost_share *= share[old].sum() / lost_share.sum() * account.lost_line_share / (1 - account.lost_line_share)
        chosen, share = np.r_[chosen[old], lost], np.r_[share[old], lost_share]
    always = (products["launch"] < 0) & ~products["lost_line"]
    if not always[chosen].any():
        staple = np.argmax(np.where(always, weight, -1))
        chosen, share = np.r_[chosen, staple], np.r_[share, share.mean()]
    return chosen, share / share.sum()


# ------------------------------------------------------------------------------------------------------ when it buys


def calendar():
    """Return the order level of each day: weekday, Chinese New Year, Golden Week, September."""
    weekday = (ALL_DAYS.astype(int) + 3) % 7  # 1970-01-01 was a Thursday; Monday is 0
    level = np.array([1.1, 1.05, 1.0, 1.0, 1.05, 0.35, 0.05])[weekday]
    level *= np.array([1.0, 1.0, 1.0, 0.98, 1.0, 0.97, 0.94, 0.98, 1.28, 0.98, 1.02, 1.1])[MONTH - 1]
    for new_year in ["2023-01-22", "2024-02-10", "2025-01-29", "2026-02-17"]:
        away = np.arange(len(ALL_DAYS)) - day_of(new_year)
        level *= np.select([away < -28, away < -6, away < -1, away <= 7, away <= 18], [1, 1.4, 0.7, 0.03, 0.55], 1.0)
    golden = (MONTH == 10) & (pd.DatetimeIndex(ALL_DAYS).day <= 7)
    return level * np.where(golden, 0.12, 1.0) / 0.80


def trend_level(account):
    """Return growth or decline of each day since the account's start, half of which is rate and half order value."""
    years = np.maximum(np.arange(len(ALL_DAYS)) - max(account.start, 0), 0) / 365
    return np.clip(np.exp(account.slope * years), 0.15, 6.0)


def daily_rate(account, level):
    """Return the orders expected on each day, death included."""
    day = np.arange(len(ALL_DAYS))
    rate = level / account.gap * np.sqrt(trend_level(account))
    if account.pattern == "seasonal":
        rate = rate * np.where(np.isin(MONTH, INDUSTRIES[account.industry][2]), 1.4, 0.005)
    rate = np.where(day >= account.event_day, rate * account.level_after, rate)
    if account.death_kind == "fading" and account.death > account.fade_start:
        rate = rate * np.clip((account.death - day) / (account.death - account.fade_start), 0, 1)
    return np.where((day >= account.start) & (day < account.death), rate, 0.0)


def draw_order_days(rng, account, rate):
    """Return the order days, and the operational time passed since the last order at AS_OF."""
    clock = np.cumsum(rate)
    total = clock[DAYS - 1]
    gaps = rng.gamma(account.shape, 1 / account.shape, int(total * 1.3) + 60)
    if account.start < 0:
        times = np.cumsum(gaps) - rng.random() * gaps[0]
        times[0] = times[0] if times[0] < total else rng.random() * total  # each account has at least one order
    else:  # a new account begins with an order on its first working day
        day = np.flatnonzero(np.is_busday(ALL_DAYS) & (rate > 0))[0]
        times = clock[day - 1] + np.r_[0, np.cumsum(gaps)]
    times = times[times < total]
    return np.searchsorted(clock, times, side="right"), total - times[-1]


def reorder_probability(account, elapsed, rate):
    """Return the true probability of an order in the HORIZON days after AS_OF.

    The gap so far is known; a fading that has begun runs its known course; a sudden death comes at its yearly rate.
    """
    if account.death <= DAYS - 1:
        return 0.0
    grid = elapsed + (np.arange(10_000) + 0.5) * 0.003
    density = np.exp((account.shape - 1) * np.log(grid) - account.shape * (grid - elapsed))
    survival = 1 - np.cumsum(density) / density.sum()
    passed = np.cumsum(rate[DAYS:])
    still_none = np.r_[1.0, np.interp(elapsed + passed, grid + 0.0015, survival)]
    hazard = account.death_rate / 365 if account.death_kind == "sudden" else 0.0
    return float(np.sum(-np.diff(still_none) * np.exp(-hazard * np.arange(1, HORIZON + 1))))


# -------------------------------------------------------------------------------------------------------- what it buys


LINE_COLUMNS = ["account", "order", "day", "product", "quantity", "discount"]


def draw_lines(rng, account, days, products):
    """Return the order lines of one account as rows of LINE_COLUMNS; order is its number within the account."""
    chosen, share = draw_repertoire(rng, account, products)
    counts = 1 + rng.poisson(account.lines - 1, len(days))
    order = np.repeat(np.arange(len(days)), counts)
    day = days[order]
    product = rng.choice(chosen, len(order), p=share)
    launch, last = products["launch"], products["last"]
    always = (launch[chosen] < 0) & (last[chosen] == NEVER)
    leading = np.r_[True, order[1:] != order[:-1]]  # the first line is of a product that can always be had
    product[leading] = rng.choice(chosen[always], leading.sum(), p=share[always] / share[always].sum())
    value = account.line_value * np.sqrt(trend_level(account))[day] * rng.lognormal(-0.25, 0.7, len(order))
    price, pack = products["price"][product] / 100, products["pack"][product]
    quantity = np.maximum(np.round(value / price / pack), 1).astype(int) * pack
    small = value < 0.5 * price * pack
    quantity = np.where(small, np.maximum(np.round(value / price), 1), quantity).astype(int)
    discount = np.round(account.discount * 200 + rng.normal(0, 1.2, len(order))) * 5  # in thousandths, steps of 0.5 %
    discount += np.where(rng.random(len(order)) < 0.03, 50, 0)  # promotions
    discount = np.clip(discount, 0, 400).astype(int)
    available = (launch[product] <= day) & (last[product] >= day)
    return np.column_stack([np.full(len(order), account.Index), order, day, product, quantity, discount])[available]


def draw_orders(rng, accounts, products):
    """Return all order lines, and the accounts with what only the simulation knows."""
    level = calendar()
    rates = {a.Index: daily_rate(a, level) for a in accounts.itertuples() if a.latent_class != "prospect"}
    for a in accounts[accounts["merges_into"] >= 0].itertuples():
        alone = daily_rate(a._replace(death=NEVER, fade_start=NEVER), level)
        buyer = accounts.loc[a.merges_into]
        worth = (a.lines * a.line_value) / (buyer["lines"] * buyer["line_value"])
        rates[a.merges_into] = rates[a.merges_into] + np.where(np.arange(len(ALL_DAYS)) >= MERGER, alone * worth, 0.0)
    accounts = accounts.assign(rate_per_year=np.nan, reorder_90_probability=np.nan)
    parts = []
    for a in accounts[accounts["latent_class"] != "prospect"].itertuples():
        rate = rates[a.Index]
        days, elapsed = draw_order_days(rng, a, rate)
        parts.append(draw_lines(rng, a, days, products))
        lived = min(a.death, DAYS) - max(a.start, 0)
        accounts.loc[a.Index, "rate_per_year"] = rate[:DAYS].sum() / lived * 365
        accounts.loc[a.Index, "reorder_90_probability"] = reorder_probability(a, elapsed, rate)
    lines = pd.DataFrame(np.concatenate(parts), columns=LINE_COLUMNS)
    lines = lines.drop_duplicates(["account", "order", "product"], ignore_index=True)
    return lines, accounts


def add_prices(lines, products):
    """Add the list price, which ends on a tenth of a yuan, and the unit cost of each line's day; samples are free."""
    price = products["price"][lines["product"]] / 10 * price_index()[lines["day"]]
    cost = products["cost"][lines["product"]] * cost_index()[lines["day"]]
    price = np.where(lines["sample"], 0, np.round(price) * 10)
    return lines.assign(price=price.astype(int), unit_cost=np.round(cost).astype(int))


def add_oddities(rng, lines, products):
    """Add what a real export holds: cash sales without a customer, honest repeats, free samples."""
    lines = lines.assign(sample=False)
    in_shop = (products["category"] != 2) & (products["launch"] < 0) & ~products["lost_line"]
    cash = lines[in_shop[lines["product"]]].sample(60, random_state=rng)
    cash = cash.assign(account=-1, order=np.arange(60) // 2, discount=0, quantity=rng.integers(1, 13, 60))
    cash["day"] = cash.groupby("order")["day"].transform("first")
    cash = cash.drop_duplicates(["order", "product"])
    repeats = lines[lines["quantity"] < 100].sample(40, random_state=rng)
    launched = np.flatnonzero(products["launch"] >= 0)
    samples = []
    for product in rng.choice(launched, 24, replace=False):
        day = products["launch"][product]
        orders = lines[(lines["day"] > day) & (lines["day"] <= day + 60)]
        samples.append(orders.sample(1, random_state=rng).assign(
            product=product, quantity=1, discount=0, sample=True))  # fmt: skip
    samples = pd.concat(samples)
    known = lines.set_index(["account", "order", "product"]).index
    samples = samples[~samples.set_index(["account", "order", "product"]).index.isin(known)]
    return pd.concat([lines, cash, repeats, samples], ignore_index=True)


def draw_returns(rng, lines, accounts):
    """Return the credit notes: part or all of an earlier line, at the price and discount it was sold at."""
    sold = lines[(lines["account"] >= 0) & ~lines["sample"]]
    back = sold[rng.random(len(sold)) < accounts["return_share"].to_numpy()[sold["account"]]]
    back = back.drop_duplicates(["account", "order", "product"])
    share = np.where(rng.random(len(back)) < 0.55, 1.0, rng.uniform(0.1, 0.9, len(back)))
    back = back.assign(quantity=-np.maximum(np.floor(back["quantity"] * share), 1).astype(int))
    # all that comes back from one order comes back on one day
    first_of = back.groupby(["account", "order"], sort=False).ngroup().to_numpy()
    back["day"] = back["day"] + rng.integers(3, 26, first_of.max() + 1)[first_of]
    return back[back["day"] < DAYS]


def number_orders(lines, prefix):
    """Give the orders of a frame running numbers by day."""
    lines = lines.sort_values(["day", "account", "order", "product"], kind="stable").reset_index(drop=True)
    number = lines.groupby(["day", "account", "order"], sort=False).ngroup() + 1
    return lines.assign(order_id=[f"{prefix}{n:06d}" for n in number])


def add_money(lines):
    """Add the net amount and the cost of each line, in fen."""
    amount = round_half_up(lines["quantity"] * lines["price"] * (1000 - lines["discount"]), 1000)
    return lines.assign(amount=amount, cost=lines["quantity"] * lines["unit_cost"])


def add_payments(rng, lines, accounts):
    """Add when each line is due and paid. Credit notes and cash sales are settled on their day."""
    orders = lines.drop_duplicates("order_id")[["order_id", "account", "day"]].reset_index(drop=True)
    n = len(orders)
    who = accounts.reindex(orders["account"]).reset_index(drop=True)
    terms = who["latent_class"].map({"strategic": 60, "key": 45, "growth": 30, "standard": 30, "tail": 7}).fillna(0)
    late = np.round(who["late_days"].fillna(0) + rng.normal(0, 1, n) * (3 + 0.25 * who["late_days"].fillna(0).abs()))
    late += np.where(rng.random(n) < 0.02, rng.integers(15, 60, n), 0)  # a disputed invoice
    due = orders["day"] + terms.astype(int)
    paid = np.maximum(due + late.astype(int), orders["day"])
    defaults = accounts["late_payer"] | (rng.random(len(accounts)) < 0.12)
    last_weeks = (orders["day"] > who["death"] - 75) & defaults.reindex(orders["account"]).fillna(False).to_numpy()
    part = np.where(rng.random(n) < 0.012, 50, 100)
    at_once = orders["order_id"].str.startswith("R") | (orders["account"] < 0)
    due, paid = np.where(at_once, orders["day"], due), np.where(at_once, orders["day"], paid)
    part = np.where(at_once, 100, part)
    open_ = (last_weeks & ~at_once) | (paid >= DAYS)
    orders = orders.assign(due=due, paid=np.where(open_, NEVER, paid), part=np.where(open_, 0, part))
    lines = lines.merge(orders[["order_id", "due", "paid", "part"]], on="order_id", how="left", validate="m:1")
    return lines.assign(paid_amount=round_half_up(lines["amount"] * lines["part"], 100))


# ------------------------------------------------------------------------------------------- what is known of accounts


def group_chains(rng, accounts):
    """Add `parent`: 40 chains, each a head that buys itself and 2 to 12 further shops."""
    parent = pd.Series(-1, index=accounts.index)
    cls = accounts["latent_class"]
    trade = accounts["industry"].isin(["hotel", "restaurant", "catering", "retail", "hospital", "school"])
    free = trade & (accounts["event"] != "merger")
    counts = {"strategic": 5, "key": 15, "growth": 10, "standard": 10}
    heads = np.concatenate([choose(rng, accounts, free & (cls == name), count) for name, count in counts.items()])
    pool = cls.isin(["growth", "standard", "tail", "prospect"]) & ~accounts.index.isin(heads) & trade
    for head in heads:
        size = int(np.clip(np.round(rng.lognormal(1.35, 0.55)), 2, 12))
        open_to = pool & (parent < 0) & (accounts["industry"] == accounts["industry"][head])
        parent[choose(rng, accounts, open_to, min(size, open_to.sum()))] = head
    return accounts.assign(parent=parent)


def draw_names(rng, accounts):
    """Return invented bilingual names: one stem for each account or chain, a branch name for each further shop."""
    pairs = [(*split_word(start), *split_word(end)) for start in NAME_STARTS for end in NAME_ENDS]
    stems = [(s + e, s_zh + e_zh) for s, s_zh, e, e_zh in pairs if s[-1] != e[0]]
    stems = [stems[i] for i in rng.permutation(len(stems))]
    names = pd.Series("", index=accounts.index)
    ending = {}
    for a in accounts[accounts["parent"] < 0].itertuples():
        english, chinese = stems.pop()
        endings = INDUSTRIES[a.industry][3]
        ending[a.Index] = (english, chinese, *endings[rng.integers(len(endings))])
        names[a.Index] = "{0} {2} {1}{3}".format(*ending[a.Index])
    for head, shops in accounts[accounts["parent"] >= 0].groupby("parent"):
        for shop, branch in zip(shops.index, rng.permutation(BRANCHES), strict=False):
            english, chinese = split_word(branch)
            if accounts["industry"][head] in PLACE:
                place, place_zh = PLACE[accounts["industry"][head]]
                english, chinese = f"{english} {place}", chinese[:-1] + place_zh
            stem, stem_zh, trade, trade_zh = ending[head]
            names[shop] = f"{stem} {trade} {english} {stem_zh}{trade_zh}{chinese}"
    for number, consumer in enumerate(accounts.index[accounts["kind"] == "consumer"], start=1):
        names[consumer] = f"Private buyer {number:02d} 个人客户{number:02d}"
    return names


def draw_profiles(rng, accounts, lines):
    """Add id, name, kind, manager, since, satisfaction, complaints and wallet."""
    n = len(accounts)
    accounts = accounts.copy()
    public = accounts["industry"].isin(["hospital", "school"])
    alone = (accounts["latent_class"] == "tail") & ~accounts.index.isin(accounts["parent"]) & (accounts["parent"] < 0)
    private = accounts.index.isin(choose(rng, accounts, alone & ~public & (accounts["event"] == "none"), 14))
    accounts["kind"] = np.select([private, public], ["consumer", "organisation"], "business")
    accounts["name"] = draw_names(rng, accounts)
    accounts.loc[private, "industry"] = ""

    key = accounts["latent_class"].isin(["strategic", "key"])
    by_region = accounts["region"].map(lambda r: REGION_MANAGERS[r][rng.integers(len(REGION_MANAGERS[r]))])
    accounts["manager"] = np.where(key, rng.choice(KEY_MANAGERS, n), by_region)
    accounts.loc[~key & (rng.random(n) < 0.02), "manager"] = ""

    first = lines[lines["account"] >= 0].groupby("account")["day"].min().reindex(accounts.index)
    before = -np.round(rng.gamma(1.6, 900, n)).astype(int) - 5
    before = np.maximum(before, day_of("2009-03-01") + rng.integers(0, 400, n))
    new = np.maximum(first.fillna(0).astype(int) - rng.integers(0, 21, n), 1)
    prospect = accounts["latent_class"] == "prospect"
    since = np.select([prospect, accounts["start"] < 0], [rng.integers(DAYS - 700, DAYS - 5, n), before], new)
    accounts["since"] = since

    last_year = lines[(lines["account"] >= 0) & (lines["day"] >= DAYS - 365)]
    returned = last_year[last_year["quantity"] < 0].groupby("account").size().reindex(accounts.index).fillna(0)
    unhappy = (accounts["death"] < DAYS) | (accounts["fade_start"] < DAYS) | (accounts["level_after"] < 1)
    mood = 7.9 - 1.6 * unhappy - 0.5 * accounts["late_payer"] + rng.normal(0, 1.2, n)
    accounts["satisfaction"] = np.clip(np.round(mood), 1, 10).astype(int)
    silent = (rng.random(n) < np.where(key, 0.15, 0.60)) | prospect | (accounts["death"] < DAYS - 600)
    accounts["satisfaction"] = accounts["satisfaction"].astype("Int64").mask(silent)
    calm = np.clip((9 - mood) / 4, 0.1, 2)
    trading = accounts["latent_class"].map({"strategic": 2.4, "key": 1.5, "growth": 0.8, "standard": 0.5, "tail": 0.15})
    recent = accounts["death"] > DAYS - 365
    accounts["complaints"] = np.where(recent, rng.poisson(trading.fillna(0) * calm + 0.02 * returned), 0)

    spend = last_year.groupby("account")["amount"].sum().reindex(accounts.index).fillna(0).clip(lower=0) / 100
    usual = accounts["rate_per_year"] * accounts["lines"] * accounts["line_value"]
    ours = np.maximum(spend, 0.5 * usual.fillna(0))
    wallet = ours / rng.beta(3, 3.2, n).clip(0.12, 0.95) * rng.lognormal(0, 0.15, n)
    wallet = np.where(prospect, rng.lognormal(11.2, 1.0, n), np.maximum(wallet, spend))
    unknown = rng.random(n) < np.where(key, 0.2, np.where(prospect, 0.45, 0.65))
    accounts["wallet"] = pd.Series(np.ceil(wallet / 1000) * 1000, index=accounts.index).astype("Int64").mask(unknown)

    number = accounts["since"].rank(method="first").astype(int)
    accounts["customer_id"] = [f"C{i:05d}" for i in number]
    return accounts


# ------------------------------------------------------------------------------------------------------ what it costs


def draw_contacts(rng, accounts):
    """Return visits, calls and e-mails. Some key accounts were not seen lately, some tail accounts too often."""
    a_month = {"strategic": 2.6, "key": 1.3, "growth": 0.5, "standard": 0.16, "tail": 0.03, "prospect": 0.18}
    rate = accounts["latent_class"].map(a_month) * rng.lognormal(0, 0.35, len(accounts))
    cls = accounts["latent_class"]
    rate[choose(rng, accounts, cls == "tail", 15)] = 1.5
    rate[accounts["unprofitable"]] *= 2.2
    large = cls.isin(["strategic", "key"]) & ~accounts["unprofitable"]
    neglected = accounts.index.isin(choose(rng, accounts, large, 9))
    workdays = np.flatnonzero(np.is_busday(ALL_DAYS[:DAYS]))
    parts = []
    for i, a in enumerate(accounts.itertuples()):
        until = min(a.death + 60, DAYS - (210 if neglected[i] else 0))  # a few tries to win it back
        days = workdays[(workdays >= max(a.since, 0)) & (workdays < until)]
        days = np.sort(rng.choice(days, min(rng.poisson(rate.iloc[i] * len(days) / 21), len(days)), replace=False))
        mix = [0.45, 0.35, 0.20] if a.latent_class in ("strategic", "key") else [0.25, 0.45, 0.30]
        kind = rng.choice(["visit", "call", "email"], len(days), p=mix)
        visit, call = rng.integers(5, 19, len(days)), rng.integers(1, 4, len(days))
        hours = np.select([kind == "visit", kind == "call"], [visit, call], 1) / 4
        travel = np.where(kind == "visit", rng.integers(60, 600, len(days)) * REGIONS[a.region][1] / 90, 0)
        parts.append(
            (np.full(len(days), a.customer_id), ALL_DAYS[days], kind, hours, np.round(hours * 160 + travel, 2))
        )
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    contacts = pd.DataFrame(dict(zip(["customer_id", "date", "kind", "hours", "cost"], columns, strict=True)))
    return contacts.sort_values(["date", "customer_id"], kind="stable", ignore_index=True)


def draw_costs(rng, accounts, lines):
    """Return rebates (booked at quarter's end), promotion, logistics and other per account and month with trade."""
    traded = lines[lines["account"] >= 0]
    month = ALL_DAYS[traded["day"]].astype("datetime64[M]")
    traded = traded.assign(month=month, sold=traded["amount"] / 100)
    deliveries = traded.drop_duplicates("order_id").groupby(["account", "month"]).size()
    costs = (
        traded.groupby(["account", "month"])["sold"].sum().to_frame().join(deliveries.rename("orders")).reset_index()
    )
    who = accounts.loc[costs["account"]].reset_index(drop=True)
    n = len(costs)
    rebate = pd.Series(0.0, index=accounts.index)
    for name, low, high in [("strategic", 0.015, 0.035), ("key", 0.005, 0.025)]:
        these = accounts["latent_class"] == name
        rebate[these] = rng.uniform(low, high, these.sum())
    rebate[accounts["unprofitable"]] = 0.06
    quarter = costs["month"].dt.year * 4 + (costs["month"].dt.month - 1) // 3
    of_quarter = costs.groupby(["account", quarter])["sold"].transform("sum").clip(lower=0)
    last = ~costs.assign(quarter=quarter).duplicated(["account", "quarter"], keep="last")
    costs["rebates"] = np.where(last, of_quarter * rebate.loc[costs["account"]].to_numpy(), 0)
    big = who["latent_class"].isin(["strategic", "key", "growth"])
    promoted = rng.random(n) < np.where(who["unprofitable"], 0.7, np.where(big, 0.15, 0.03))
    costs["promotion"] = np.where(promoted, costs["sold"].clip(lower=0) * rng.uniform(0.02, 0.06, n), 0)
    fare = who["region"].map({name: r[1] for name, r in REGIONS.items()})
    costs["logistics"] = costs["orders"] * fare * rng.uniform(0.85, 1.15, n) + 0.011 * costs["sold"].clip(lower=0)
    costs["logistics"] *= np.where(who["unprofitable"], 1.5, 1.0)
    costs["other"] = np.where(rng.random(n) < 0.04, rng.uniform(50, 900, n), 0)
    costs["customer_id"] = who["customer_id"]
    costs["period"] = costs["month"].dt.strftime("%Y-%m")
    costs = costs.sort_values(["period", "customer_id"], ignore_index=True)
    return costs[["customer_id", "period", "rebates", "promotion", "logistics", "other"]].round(2)


def draw_targets(rng, accounts, lines):
    """Return yearly sales targets of the larger accounts: last year's sales and some hope, to the nearest 5,000."""
    traded = lines[lines["account"] >= 0]
    year = ALL_DAYS[traded["day"]].astype("datetime64[Y]").astype(int) + 1970
    sales = traded.groupby(["account", year])["amount"].sum().unstack(fill_value=0) / 100
    parts = []
    for period in [2023, 2024, 2025, 2026]:
        base = sales[period - 1] * (2.0 if period == 2023 else 1.0)  # of 2022 we have half a year
        live = accounts["latent_class"].isin(["strategic", "key", "growth"])
        live &= accounts["death"] > day_of(f"{period}-01-01")
        base = base[live.reindex(base.index)]
        base = base[base >= 60_000]
        target = np.ceil(base * rng.uniform(1.02, 1.15, len(base)) / 5000).astype(int) * 5000
        ids = accounts.loc[base.index, "customer_id"]
        parts.append(pd.DataFrame({"customer_id": ids, "period": period, "sales_target": target}))
    return pd.concat(parts).sort_values(["period", "customer_id"], ignore_index=True)


# ---------------------------------------------------------------------------------------------------------- the files


def money(fen, precision):
    """Return integer fen as an exact decimal column in CNY."""
    fen = pa.array(np.asarray(fen, dtype="int64")).cast(pa.decimal128(19, 0))
    return pc.multiply(fen, pa.scalar(Decimal("0.01"))).cast(pa.decimal128(precision, 2))


def dates(days):
    """Return day numbers as dates; NEVER becomes null."""
    days = np.asarray(days, dtype="int64")
    return pa.array((days + FIRST.astype(int)).astype("int32"), mask=days >= NEVER).cast(pa.date32())


def write_parquet(table, path):
    pq.write_table(table, path, compression="zstd", compression_level=9, store_decimal_as_integer=True)


def write_csv(table, path, money_columns=()):
    shown = table.copy()
    for column in money_columns:
        shown[column] = shown[column].map("{:.2f}".format)
    shown.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")


def order_table(lines, accounts, products):
    product = lines["product"].to_numpy()
    customer = accounts["customer_id"].reindex(lines["account"])  # null where there is no account
    return pa.table({
        "customer_id": pa.array(customer, pa.string(), from_pandas=True),
        "order_id": pa.array(lines["order_id"].tolist(), pa.string()),
        "order_date": dates(lines["day"]),
        "product": pa.array(products["product"][product].tolist(), pa.string()),
        "category": pa.array(CATEGORIES["category"].to_numpy()[products["category"][product]].tolist(), pa.string()),
        "quantity": pa.array(lines["quantity"].to_numpy(), pa.int32()),
        "unit_price": money(lines["price"], 12),
        "discount": pa.array([Decimal(d).scaleb(-3) for d in lines["discount"].tolist()], pa.decimal128(4, 3)),
        "amount": money(lines["amount"], 14),
        "cost": money(lines["cost"], 14),
        "due_date": dates(lines["due"]),
        "paid_date": dates(lines["paid"]),
        "paid_amount": money(lines["paid_amount"], 14),
    })  # fmt: skip


def truth_table(accounts, lines):
    bought = lines[(lines["account"] >= 0) & (lines["quantity"] > 0)]
    mean_value = bought.groupby(["account", "order_id"])["amount"].sum().groupby("account").mean() / 100
    prospect = accounts["latent_class"] == "prospect"
    dead = (accounts["death"] < DAYS) & ~prospect
    death_date = [date.fromisoformat(str(day)) for day in FIRST + np.minimum(accounts["death"], DAYS).to_numpy()]
    truth = pd.DataFrame({
        "customer_id": accounts["customer_id"],
        "latent_class": accounts["latent_class"],
        "buying_pattern": accounts["pattern"].where(~prospect, None),
        "trend": accounts["trend"].where(~prospect, None),
        "alive_at_end": (~dead).where(~prospect, None).astype("boolean"),
        "death_date": pd.Series(death_date, dtype=object).where(dead, None),
        "death_kind": accounts["death_kind"].where(dead, None),
        "gap_shape": accounts["shape"].where(~prospect),
        "mean_order_value": mean_value.reindex(accounts.index).round(2),
        "rate_per_year": accounts["rate_per_year"].round(3),
        "reorder_90_probability": accounts["reorder_90_probability"].round(6),
        "event": accounts["event"],
        "late_payer": accounts["late_payer"],
        "unprofitable": accounts["unprofitable"],
    }).round({"gap_shape": 4})  # fmt: skip
    return pa.Table.from_pandas(truth.sort_values("customer_id"), preserve_index=False).replace_schema_metadata(None)


def main(out_dir, truth_file):
    # one generator per stage, so that a change in one stage leaves the draws of the others alone
    rng = [np.random.default_rng([SEED, stage]) for stage in range(9)]
    products = draw_products(rng[0])
    accounts = draw_events(rng[2], draw_deaths(rng[1], draw_accounts(rng[1])))
    accounts = group_chains(rng[3], accounts)
    sold, accounts = draw_orders(rng[4], accounts, products)
    sold = add_prices(add_oddities(rng[5], sold, products), products)
    back = draw_returns(rng[6], sold, accounts)
    lines = pd.concat([number_orders(sold, "S"), number_orders(back, "R")], ignore_index=True)
    lines = add_payments(rng[6], add_money(lines), accounts)
    lines = lines.sort_values(["day", "order_id", "product"], kind="stable", ignore_index=True)
    accounts = draw_profiles(rng[7], accounts, lines)

    out_dir.mkdir(parents=True, exist_ok=True)
    write_parquet(order_table(lines, accounts, products), out_dir / "orders.parquet")
    shown = accounts.assign(parent_id=accounts["parent"].map(accounts["customer_id"]).fillna(""),
                            since=FIRST + accounts["since"].to_numpy()).sort_values("customer_id")  # fmt: skip
    columns = ["customer_id", "name", "parent_id", "industry", "region", "kind", "manager", "since",
               "satisfaction", "complaints", "wallet"]  # fmt: skip
    write_csv(shown[columns], out_dir / "accounts.csv")
    write_csv(draw_contacts(rng[8], accounts), out_dir / "contacts.csv", ["cost"])
    write_csv(
        draw_costs(rng[8], accounts, lines), out_dir / "costs.csv", ["rebates", "promotion", "logistics", "other"]
    )
    write_csv(draw_targets(rng[8], accounts, lines), out_dir / "targets.csv", ["sales_target"])
    truth_file.parent.mkdir(parents=True, exist_ok=True)
    write_parquet(truth_table(accounts, lines), truth_file)


if __name__ == "__main__":
    here = Path(__file__).resolve().parent
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else here
    truth_dir = here.parents[1] / "tests" / "reference" if len(sys.argv) == 1 else out
    main(out, Path(sys.argv[2]) if len(sys.argv) > 2 else truth_dir / "wholesale_truth.parquet")
