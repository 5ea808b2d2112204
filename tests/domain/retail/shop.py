"""A small made-up file in the form of Online Retail: every kind of row, counted by hand."""

from io import BytesIO

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
GOOD = "536365,85123A,HOLDER,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom\n"

# Sales: rows 1-5, 7, 12; cancellations: 8-11, 14, 15; service: 4, 10; A: 13; stock: 6, 16.
SHOP = (
    HEADER
    + """\
536365,85123A,HOLDER,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom
536365,85123a,HOLDER,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom
536366,22423,CAKESTAND,2,2010-12-01 08:28:00,10.95,,United Kingdom
536365,POST,POSTAGE,1,2010-12-01 08:28:00,18.00,17850.0,United Kingdom
536367,DCGS0003,BOX,4,2010-12-01 08:34:00,1.25,13047.0,"Channel Islands"
536368,22423,damaged?,-3,2010-12-01 08:40:00,0.0,,United Kingdom
536369,85123A,HOLDER,2,2010-12-02 09:00:00,2.55,17850.0,United Kingdom
C536370,85123A,HOLDER,-3,2010-12-03 09:00:00,2.55,17850.0,United Kingdom
C536371,DCGS0003,BOX,-4,2010-12-03 10:00:00,1.25,13047.0,Channel Islands
C536371,POST,POSTAGE,-1,2010-12-03 10:00:00,18.00,13047.0,Channel Islands
C536372,85123A,HOLDER,-20,2010-12-20 09:00:00,2.55,17850.0,United Kingdom
536373,PADS,PADS,1,2010-12-20 10:00:00,0.001,17850.0,United Kingdom
A536374,B,Adjust bad debt,1,2010-12-20 11:00:00,-100.00,,United Kingdom
C536375,22423,CAKESTAND,-1,2010-12-21 09:00:00,10.95,,United Kingdom
C536376,21000,MUG,-1,2010-12-21 10:00:00,1.00,99999.0,France
536377,21000,found,5,2010-12-21 11:00:00,0.0,12345.0,France
"""
)

EXPECTED = {
    "rows": 16,
    # 15.30 + 15.30 + 21.90 + 18.00 + 5.00 + 5.10 - 7.65 - 5.00 - 18.00 - 51.00 - 100 - 10.95 - 1
    "control_total": -11_300,
    "invoices": 13,
    "invoices_with_sale": 5,
    "invoices_c": 5,
    "invoices_a": 1,
    "invoices_stock_out": 1,
    "invoices_free": 1,
    "goods_rows": 5,
    "goods_amount": 6_260,
    "goods_units": 20,
    "goods_checkouts": 4,
    "goods_merchants": 3,
    "goods_products": 3,
    "identified_buyers": 2,
    "guest_checkouts": 1,
    "guest_rows": 1,
    "customers": 4,
    "service_sale_rows": 2,
    "service_sale_amount": 1_800,
    "a_rows": 1,
    "a_amount": -10_000,
    "captures": 5,
    "captured_amount": 8_060,
    "c_rows": 6,
    "c_amount": -9_360,
    "c_goods_rows": 5,
    "c_goods_amount": -7_560,
    "c_service_rows": 1,
    "c_service_amount": -1_800,
    # C536370: two of row 7 and one of row 2; C536371: all of row 5;
    # C536372: five of row 2, six of row 1, nine of nothing; then a guest and a stranger.
    "c_matched_in_full": 2,
    "c_matched_in_part": 1,
    "c_not_matched": 2,
    "c_not_matched_without_customer": 1,
    "refunds": 5,
    "refunded_units": 18,
    "refunded_amount": 4_070,
    "orders_refunded_in_full": 4,
    "orders_refunded_in_part": 0,
    "breaks": 3,
    "break_amount": 3_490,
    "stock_in_rows": 1,
    "stock_in_units": 5,
    "stock_out_rows": 1,
    "stock_out_units": 3,
    "released": 1,
    "released_amount": 2_190,
    "closing_sum": -11_300,
    "net_m_22": 1_095,
    "net_m_23": 0,
    "net_m_21": -100,
    "net_svc": -10_000,
    # 24 h, 49 h 26 min, 456 h 34 min (row 2 came first in C536372)
    "sale_to_cancellation_tenth_hours": 494,
    "cancelled_within_168_h": 2,
}
"""The control figures of `SHOP`, counted by hand; amounts in pence."""


def shop(text: str = SHOP) -> BytesIO:
    """Return *text* as the file that it would be."""
    return BytesIO(text.encode())
