"""The control figures counted from the rows alone: slow, simple, sharing no code with domain/.

Reads the file by itself, in `Decimal`, on wall time, and matches by walking whole lists.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from statistics import median
from typing import Any


def merchant(code: str) -> str:
    """Return whose product it is."""
    if re.match(r"^\d{5}[A-Z]*$", code):
        return "M-" + code[:2]
    return "M-DG" if code.startswith(("DCGS", "GIFT_")) else "SVC"


def recount(lines: Iterable[str]) -> dict[str, int]:
    """Return the control figures that the rows themselves say; amounts in pence."""
    figures: dict[str, Any] = defaultdict(int)
    sets: dict[str, set[Any]] = defaultdict(set)
    sold: dict[tuple[str, str, int], list[list[Any]]] = defaultdict(list)
    by_invoice: dict[str, set[str]] = defaultdict(set)
    hours: list[float] = []
    for cells in csv.DictReader(lines):
        invoice, code = cells["InvoiceNo"], cells["StockCode"].upper()
        units, customer = int(cells["Quantity"]), cells["CustomerID"]
        price = round(Decimal(cells["UnitPrice"]) * 100)
        at = datetime.fromisoformat(cells["InvoiceDate"])
        amount, whose = units * price, merchant(code)
        figures["rows"] += 1
        figures["control_total"] += amount
        figures[f"net_{whose.lower().replace('-', '_')}"] += amount
        sets["customers"].add(customer)
        if not Decimal(cells["UnitPrice"]):
            way = "in" if units > 0 else "out"
            figures[f"stock_{way}_rows"] += 1
            figures[f"stock_{way}_units"] += abs(units)
            by_invoice[invoice].add(way)
        elif invoice[0] == "A":
            figures["a_rows"] += 1
            figures["a_amount"] += amount
            by_invoice[invoice].add("a")
        elif invoice[0] != "C":
            by_invoice[invoice].add("sale")
            figures["captured_amount"] += amount
            if whose == "SVC":
                figures["service_sale_rows"] += 1
                figures["service_sale_amount"] += amount
                continue
            figures["goods_rows"] += 1
            figures["goods_amount"] += amount
            figures["goods_units"] += units
            sets["goods_checkouts"].add(invoice)
            sets["goods_merchants"].add(whose)
            sets["goods_products"].add(code)
            sets["identified_buyers" if customer else "guest_checkouts"].add(customer or invoice)
            figures["guest_rows"] += not customer
            sold[customer or invoice, code, price].append([units, units, at])
        else:
            by_invoice[invoice].add("c")
            figures["c_rows"] += 1
            figures["c_amount"] += amount
            kind = "service" if whose == "SVC" else "goods"
            figures[f"c_{kind}_rows"] += 1
            figures[f"c_{kind}_amount"] += amount
            if kind == "goods":
                _match(figures, sold.get((customer, code, price), []), -units, price, at, hours)
                figures["c_not_matched_without_customer"] += not customer
    return _finish(figures, sets, sold, by_invoice, hours)


def _match(
    figures: dict[str, Any],
    sales: list[list[Any]],
    units: int,
    price: int,
    at: datetime,
    hours: list[float],
) -> None:
    parts = 0
    for sale in reversed(sales):
        taken = min(sale[1], units)
        if taken:
            if not parts:
                hours.append((at - sale[2]).total_seconds() / 3600)
            parts += 1
            sale[1] -= taken
            units -= taken
            figures["refunds"] += 1
            figures["refunded_units"] += taken
            figures["refunded_amount"] += taken * price
    if units:
        figures["breaks"] += 1
        figures["break_amount"] += units * price
    name = "c_not_matched" if not parts else f"c_matched_in_{'part' if units else 'full'}"
    figures[name] += 1


def _finish(
    figures: dict[str, Any],
    sets: dict[str, set[Any]],
    sold: dict[tuple[str, str, int], list[list[Any]]],
    by_invoice: dict[str, set[str]],
    hours: list[float],
) -> dict[str, int]:
    sets["customers"].discard("")
    figures |= {name: len(found) for name, found in sets.items()}
    for (_, _, price), sales in sold.items():
        for bought, left, _ in sales:
            figures["released"] += left > 0
            figures["released_amount"] += left * price
            figures["orders_refunded_in_full"] += left == 0
            figures["orders_refunded_in_part"] += 0 < left < bought
    for kinds in by_invoice.values():
        name = next(
            name
            for kind, name in (
                ("sale", "with_sale"),
                ("c", "c"),
                ("a", "a"),
                ("in", "free"),
                ("out", "stock_out"),
            )
            if kind in kinds
        )
        figures[f"invoices_{name}"] += 1
    figures["invoices"] = len(by_invoice)
    figures["captures"] = figures["invoices_with_sale"]
    figures["closing_sum"] = figures["control_total"]
    figures["sale_to_cancellation_tenth_hours"] = round(median(hours or [0]) * 10)
    figures["cancelled_within_168_h"] = sum(each <= 168 for each in hours)
    return figures
