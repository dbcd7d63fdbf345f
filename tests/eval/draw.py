"""Draws the scenes of the shipped cases. Run by a developer: python3 tests/eval/draw.py --cjk NotoSansCJK.ttc
Needs Pillow, the DejaVu fonts, and for the Chinese scenes any CJK font. What is drawn is the truth of the cases."""

import argparse
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

OUT = Path(__file__).parent / "scenes"
DEJAVU = Path("/usr/share/fonts/truetype/dejavu")
INK, PAPER, GRAY = "#1c1c1c", "#ffffff", "#8a8a8a"


def font(size, style="Sans"):
    return ImageFont.truetype(str(DEJAVU / f"DejaVu{style}.ttf"), size)


def sheet(width, height, paper=PAPER):
    image = Image.new("RGB", (width, height), paper)
    return image, ImageDraw.Draw(image)


def save(image, name, colors=16):
    OUT.mkdir(exist_ok=True)
    image.quantize(colors).save(OUT / f"{name}.png", optimize=True)


def centered(draw, y, text, face, fill=INK, x=None):
    draw.text((draw.im.size[0] / 2 if x is None else x, y), text, font=face, fill=fill, anchor="ma")


def row(draw, y, left, right, face, x1=40, x2=None, fill=INK):
    x2 = x2 or draw.im.size[0] - 40
    draw.text((x1, y), left, font=face, fill=fill)
    draw.text((x2, y), right, font=face, fill=fill, anchor="ra")


def rule(draw, y, x1=40, x2=None, fill=GRAY):
    draw.line([(x1, y), (x2 or draw.im.size[0] - 40, y)], fill=fill, width=2)


def receipt_cafe():
    image, draw = sheet(520, 720)
    mono = font(24, "SansMono")
    centered(draw, 30, "HARBOUR CAFE", font(38, "Sans-Bold"))
    centered(draw, 84, "12 Quay Street", font(22))
    centered(draw, 122, "Date: 14/03/2024  09:26", font(22))
    rule(draw, 165)
    lines = [("2 x Flat white", "7.00"), ("Blueberry muffin", "2.80"), ("Orange juice", "3.20")]
    for at, (item, price) in enumerate(lines):
        row(draw, 185 + 44 * at, item, price, mono)
    rule(draw, 325)
    row(draw, 345, "Subtotal", "13.00", mono)
    row(draw, 389, "Tax 10%", "1.30", mono)
    row(draw, 436, "TOTAL", "14.30", font(32, "SansMono-Bold"))
    rule(draw, 492)
    row(draw, 512, "Cash", "20.00", mono)
    row(draw, 556, "Change", "5.70", mono)
    centered(draw, 640, "Thank you! See you soon", font(22))
    save(image, "receipt-cafe")


def receipt_market():
    image, draw = sheet(460, 640, "#fbf8ee")
    serif = font(24, "Serif")
    draw.text((40, 30), "Green Leaf Market", font=font(34, "Serif-Bold"), fill=INK)
    draw.text((40, 82), "2024-05-02   18:42   Till 3", font=font(20, "Serif"), fill=INK)
    rule(draw, 124)
    for at, (item, price) in enumerate([("Apples 1.2 kg", "3.60"), ("Rye bread", "2.40"), ("Milk", "1.15"), ("Cheese", "5.85")]):
        row(draw, 146 + 46 * at, item, price, serif)
    rule(draw, 340)
    row(draw, 360, "TOTAL EUR", "13.00", font(30, "Serif-Bold"))
    row(draw, 420, "Paid by card", "13.00", serif)
    draw.text((40, 490), "Served by Lucas", font=serif, fill=INK)
    draw.text((40, 540), "VAT included 7%: 0.85", font=font(20, "Serif"), fill=INK)
    save(image, "receipt-market")


def receipt_hardware():
    image, draw = sheet(560, 760)
    face = font(23, "SansMono")
    centered(draw, 28, "NORTHSIDE HARDWARE LTD", font(30, "Sans-Bold"))
    centered(draw, 74, "Tax invoice 004518", font(22))
    centered(draw, 110, "09 NOV 2023  16:05", font(22))
    draw.text((40, 165), "ITEM        QTY      AMOUNT", font=face, fill=GRAY)
    for at, (item, count, price) in enumerate([("Hammer", "1", "24.90"), ("Nail box", "2", "6.50"), ("Duct tape", "1", "4.20")]):
        y = 205 + 44 * at
        draw.text((40, y), item, font=face, fill=INK)
        draw.text((240, y), count, font=face, fill=INK)
        draw.text((520, y), price, font=face, fill=INK, anchor="ra")
    rule(draw, 350)
    row(draw, 372, "Total incl. GST", "35.60", font(26, "SansMono-Bold"))
    row(draw, 420, "Rounding", "0.00", face)
    row(draw, 464, "VISA", "35.60", face)
    rule(draw, 512)
    row(draw, 532, "GST 6% in total", "2.02", face)
    centered(draw, 620, "Goods may be returned", font(21))
    centered(draw, 652, "within 30 days", font(21))
    save(image, "receipt-hardware")


def sign_parking():
    image, draw = sheet(560, 460, "#9fb6c8")
    draw.rounded_rectangle([60, 40, 500, 420], 24, fill="white", outline="#c4161c", width=12)
    centered(draw, 76, "NO PARKING", font(52, "Sans-Bold"), "#c4161c")
    centered(draw, 176, "MON - FRI", font(46, "Sans-Bold"))
    centered(draw, 254, "8 AM TO 6 PM", font(46, "Sans-Bold"))
    centered(draw, 342, "Permit holders only", font(30))
    save(image, "sign-parking")


def sign_trail():
    image, draw = sheet(640, 420, "#cfe3c4")
    for at, (place, far) in enumerate([("Lake View", "2.5 km"), ("Old Mill", "4.0 km"), ("Summit", "7.3 km")]):
        y = 40 + 118 * at
        draw.rectangle([60, y, 580, y + 92], fill="#6b4423")
        row(draw, y + 20, place, far, font(44, "Sans-Bold"), 90, 555, "white")
    save(image, "sign-trail")


def table(draw, rows, columns, y, step, face, head):
    for at, cells in enumerate(rows):
        for (x, anchor), cell in zip(columns, cells):
            draw.text((x, y + step * at), cell, font=head if at == 0 else face, fill=INK, anchor=anchor)
        if at == 0:
            rule(draw, y + step - 10)


def prices():
    image, draw = sheet(640, 430)
    rows = [("Product", "Price", "Stock"), ("Pencil", "0.80", "120"), ("Notebook", "3.50", "45"), ("Eraser", "0.60", "200"),
            ("Ruler", "1.90", "30"), ("Stapler", "7.25", "12")]
    table(draw, rows, [(50, "la"), (400, "ra"), (580, "ra")], 36, 62, font(30), font(30, "Sans-Bold"))
    save(image, "prices")


def chart():
    image, draw = sheet(720, 520)
    centered(draw, 24, "Books sold per month", font(32, "Sans-Bold"))
    draw.line([(70, 440), (680, 440)], fill=INK, width=3)
    for at, (month, count) in enumerate([("Jan", 40), ("Feb", 55), ("Mar", 30), ("Apr", 75), ("May", 60)]):
        x = 100 + 118 * at
        top = 440 - count * 4
        draw.rectangle([x, top, x + 72, 440], fill="#3b6ea8")
        draw.text((x + 36, top - 8), str(count), font=font(28), fill=INK, anchor="ms")
        draw.text((x + 36, 456), month, font=font(28), fill=INK, anchor="ma")
    save(image, "chart")


def timetable():
    image, draw = sheet(700, 460)
    draw.rectangle([0, 0, 700, 74], fill="#1d3f72")
    draw.text((40, 18), "Departures from Central Station", font=font(30, "Sans-Bold"), fill="white")
    rows = [("Time", "To", "Platform"), ("07:15", "Airport", "3"), ("08:40", "Harbour", "1"), ("09:05", "University", "5"),
            ("10:30", "Airport", "3"), ("12:20", "Old Town", "2")]
    table(draw, rows, [(40, "la"), (220, "la"), (640, "ra")], 96, 58, font(28), font(28, "Sans-Bold"))
    save(image, "timetable")


def invoice():
    image, draw = sheet(760, 860)
    draw.text((50, 40), "Brightwater Studio", font=font(32, "Serif-Bold"), fill="#1f5f5b")
    draw.text((710, 46), "INVOICE", font=font(30, "Sans-Bold"), fill=INK, anchor="ra")
    small = font(23)
    draw.text((50, 120), "Bill to: Maria Jensen", font=small, fill=INK)
    draw.text((50, 158), "22 Mill Lane, Aarhus", font=small, fill=INK)
    row(draw, 120, "", "No. 2024-0117", small, 50, 710)
    row(draw, 158, "", "Date: 17 January 2024", small, 50, 710)
    row(draw, 196, "", "Due: 16 February 2024", small, 50, 710)
    rows = [("Description", "Qty", "Unit", "Amount"), ("Logo design", "1", "450.00", "450.00"), ("Business cards", "200", "0.35", "70.00")]
    table(draw, rows, [(50, "la"), (420, "ra"), (560, "ra"), (710, "ra")], 280, 60, font(25), font(25, "Sans-Bold"))
    rule(draw, 480, 50, 710)
    row(draw, 506, "Net", "520.00", font(25), 420, 710)
    row(draw, 556, "VAT 20%", "104.00", font(25), 420, 710)
    row(draw, 612, "Amount due", "624.00", font(27, "Sans-Bold"), 380, 710)
    draw.text((50, 740), "Please pay within 30 days. Thank you.", font=small, fill=INK)
    save(image, "invoice")


def business_card():
    image, draw = sheet(680, 400, "#f4efe6")
    draw.rectangle([0, 0, 18, 400], fill="#7a1f2b")
    draw.text((60, 50), "Dr. Elena Rossi", font=font(42, "Serif-Bold"), fill=INK)
    draw.text((60, 112), "Senior Architect", font=font(28, "Serif"), fill="#7a1f2b")
    for at, line in enumerate(["Rossi & Partner", "Via Roma 15, Milano", "Tel. +39 02 5550 1874", "elena@rossi-partner.example"]):
        draw.text((60, 190 + 46 * at), line, font=font(26), fill=INK)
    save(image, "business-card")


def menu():
    image, draw = sheet(620, 640, "#fffaf0")
    centered(draw, 34, "The Copper Pot", font(44, "Serif-Bold"), "#8a4b1f")
    dishes = [("Tomato soup", "5.50"), ("Caesar salad", "8.90"), ("Grilled salmon", "17.50"), ("Mushroom risotto", "13.00"),
              ("Apple pie", "6.20"), ("Coffee", "2.90")]
    for at, (dish, price) in enumerate(dishes):
        row(draw, 140 + 74 * at, dish, price, font(30, "Serif"), 60, 560)
    save(image, "menu")


def letter():
    image, draw = sheet(800, 620)
    lines = ["Anna Becker", "3 June 2022", "", "Dear Mr. Collins,", "", "our meeting has been moved from Tuesday", "to Thursday, 9 June, at 10:30 in room 214.",
             "Please bring the signed contract.", "", "Kind regards", "Anna Becker"]
    for at, line in enumerate(lines):
        draw.text((70, 60 + 46 * at), line, font=font(30, "Serif"), fill=INK)
    save(image, "letter")


def ticket():
    image, draw = sheet(760, 340, "#f7e7b5")
    draw.rectangle([14, 14, 746, 326], outline="#5a2d82", width=5)
    draw.text((50, 40), "THE BLUE OWLS", font=font(48, "Sans-Bold"), fill="#5a2d82")
    draw.text((50, 116), "City Hall, Saturday 21 September 2024", font=font(27), fill=INK)
    draw.text((50, 164), "Doors open 19:00", font=font(27), fill=INK)
    draw.text((50, 236), "Row F", font=font(38, "Sans-Bold"), fill=INK)
    draw.text((270, 236), "Seat 18", font=font(38, "Sans-Bold"), fill=INK)
    draw.text((710, 236), "$45.00", font=font(38, "Sans-Bold"), fill=INK, anchor="ra")
    save(image, "ticket")


def nutrition():
    image, draw = sheet(500, 560)
    draw.rectangle([20, 20, 480, 540], outline=INK, width=4)
    draw.text((44, 40), "Nutrition Facts", font=font(44, "Sans-Bold"), fill=INK)
    draw.text((44, 106), "4 servings per pack", font=font(25), fill=INK)
    rule(draw, 152, 44, 456)
    for at, (name, value) in enumerate([("Calories", "210"), ("Fat", "8 g"), ("Sugar", "12 g"), ("Protein", "5 g"), ("Salt", "0.6 g")]):
        row(draw, 174 + 70 * at, name, value, font(32, "Sans-Bold" if at == 0 else "Sans"), 44, 456)
    save(image, "nutrition")


def scoreboard():
    image, draw = sheet(640, 320, "#10241c")
    row(draw, 40, "LIONS", "78", font(64, "Sans-Bold"), 60, 580, "#ffe066")
    row(draw, 136, "TIGERS", "85", font(64, "Sans-Bold"), 60, 580, "#ffe066")
    centered(draw, 244, "QUARTER 4", font(36, "Sans-Bold"), "white")
    save(image, "scoreboard")


def weather():
    image, draw = sheet(760, 300, "#e8f3fb")
    draw.text((40, 26), "This week in Lisbon", font=font(32, "Sans-Bold"), fill=INK)
    for at, (day, degrees) in enumerate([("Mon", "18"), ("Tue", "21"), ("Wed", "16"), ("Thu", "24"), ("Fri", "19")]):
        x = 90 + 145 * at
        draw.text((x, 116), day, font=font(34), fill=INK, anchor="ma")
        draw.text((x, 186), degrees + " C", font=font(38, "Sans-Bold"), fill="#b33a1e", anchor="ma")
    save(image, "weather")


def bands():
    """Plain areas of colour: 60 % blue, 30 % yellow, 10 % red, in that order from left to right."""
    image, draw = sheet(600, 300)
    for x1, x2, color in [(0, 360, "#1f4fd1"), (360, 540, "#f5d90a"), (540, 600, "#d62222")]:
        draw.rectangle([x1, 0, x2, 300], fill=color)
    save(image, "bands")


def green_square():
    image, draw = sheet(400, 400, "#1f9d3a")
    draw.rectangle([150, 150, 250, 250], fill="#ffffff")
    save(image, "green-square")


def form_zh(face):
    image, draw = sheet(640, 560)
    centered(draw, 30, "报名表", face(44))
    for at, (name, value) in enumerate([("姓名", "王小明"), ("性别", "男"), ("年龄", "28"), ("城市", "杭州"), ("职业", "教师"), ("电话", "13800001234")]):
        y = 116 + 68 * at
        draw.rectangle([50, y, 590, y + 68], outline=GRAY, width=2)
        draw.text((80, y + 10), name, font=face(34), fill=INK)
        draw.text((240, y + 10), value, font=face(34), fill=INK)
    save(image, "form-zh")


def receipt_zh(face):
    image, draw = sheet(520, 560)
    centered(draw, 26, "老王饭店", face(42))
    centered(draw, 90, "2024年6月18日", face(26))
    rule(draw, 140)
    for at, (dish, price) in enumerate([("宫保鸡丁", "38.00"), ("麻婆豆腐", "26.00"), ("米饭", "6.00")]):
        row(draw, 160 + 60 * at, dish, price, face(32))
    rule(draw, 350)
    row(draw, 368, "合计", "70.00", face(36))
    row(draw, 436, "现金", "100.00", face(30))
    row(draw, 486, "找零", "30.00", face(30))
    save(image, "receipt-zh")


def notice_zh(face):
    image, draw = sheet(640, 340, "#fff7d6")
    centered(draw, 34, "通知", face(46), "#b3121d")
    for at, line in enumerate(["图书馆周一闭馆", "开放时间：9:00 至 17:30", "咨询电话：6688"]):
        draw.text((60, 120 + 66 * at), line, font=face(36), fill=INK)
    save(image, "notice-zh")


def chinese_face():
    """The font of --cjk, by size."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cjk", required=True, help="a font with Chinese characters")
    cjk = parser.parse_args().cjk
    # Index 2 of the Noto collection is simplified Chinese; a plain font has only index 0.
    index = 2 if cjk.endswith(".ttc") else 0

    def face(size):
        font = ImageFont.truetype(cjk, size, index=index)
        # The variable font begins with its thinnest weight.
        if "VF" in cjk:
            font.set_variation_by_axes([400])
        return font

    return face


def main():
    face = chinese_face()
    for draw in [receipt_cafe, receipt_market, receipt_hardware, sign_parking, sign_trail, prices, chart, timetable, invoice,
                 business_card, menu, letter, ticket, nutrition, scoreboard, weather, bands, green_square]:
        draw()
    for draw in [form_zh, receipt_zh, notice_zh]:
        draw(face)


if __name__ == "__main__":
    main()
