"""Draws the scenes of the held-out cases. Run by a developer: python3 tests/eval/draw_heldout.py --cjk NotoSansCJK.ttc
Needs Pillow, the DejaVu fonts, and for the Chinese scenes any CJK font. What is drawn is the truth of the cases."""

from pathlib import Path

import draw as scenes
from draw import GRAY, INK, centered, chinese_face, font, row, rule, save, sheet

scenes.OUT = Path(__file__).parent / "heldout"


def labelled(draw, x, y, name, value, size=30, fill=INK):
    """A small grey name with its value below it, as on tickets."""
    draw.text((x, y), name, font=font(20), fill="#5c5c5c")
    draw.text((x, y + 28), value, font=font(size, "Sans-Bold"), fill=fill)


def league_table():
    image, draw = sheet(780, 560)
    draw.rectangle([0, 0, 780, 70], fill="#0f3d2e")
    draw.text((30, 17), "County Football League", font=font(30, "Sans-Bold"), fill="white")
    columns = [(44, "ma"), (84, "la"), (392, "ra"), (494, "ra"), (616, "ra"), (750, "ra")]
    rows = [("", "Club", "Played", "Won", "Goals", "Points"), ("1", "Northgate", "18", "13", "39", "41"), ("2", "Eastfield", "18", "11", "44", "36"),
            ("3", "Millbrook", "18", "9", "31", "31"), ("4", "Harwood", "18", "8", "27", "28"), ("5", "Redhill", "18", "5", "22", "19"),
            ("6", "Stanwick", "18", "2", "15", "10")]
    for at, cells in enumerate(rows):
        y = 92 + 66 * at
        if at % 2:
            draw.rectangle([16, y - 14, 764, y + 52], fill="#e6f0ea")
        for (x, anchor), cell in zip(columns, cells):
            draw.text((x, y), cell, font=font(28, "Sans-Bold" if at == 0 else "Sans"), fill=INK, anchor=anchor)
    save(image, "league-table")


def bus_ticket():
    image, draw = sheet(700, 330, "#fdf3d0")
    draw.rectangle([0, 0, 700, 64], fill="#c2500f")
    draw.text((30, 14), "RegioBus", font=font(32, "Sans-Bold"), fill="white")
    draw.text((670, 18), "Single ticket", font=font(26), fill="white", anchor="ra")
    labelled(draw, 40, 88, "From", "Oakdale")
    labelled(draw, 380, 88, "To", "Airport")
    labelled(draw, 40, 176, "Date", "11 May 2025")
    labelled(draw, 380, 176, "Departure", "08:25")
    draw.text((40, 272), "Adult  4.60 EUR", font=font(28), fill=INK)
    draw.text((660, 272), "Line 47", font=font(28), fill=INK, anchor="ra")
    save(image, "bus-ticket")


def price_tag():
    image, draw = sheet(460, 380, "#ffe24d")
    draw.rectangle([10, 10, 450, 370], outline="#d01818", width=6)
    centered(draw, 34, "SALE", font(54, "Sans-Bold"), "#d01818")
    centered(draw, 112, "Running shoes Volt 3", font(30))
    centered(draw, 172, "was 80.00", font(32))
    centered(draw, 230, "now 60.00", font(54, "Sans-Bold"))
    centered(draw, 318, "Art. 77190", font(24))
    save(image, "price-tag")


def rice(name, brand, weight, price, color):
    image, draw = sheet(480, 260)
    draw.rectangle([0, 0, 479, 259], outline=GRAY, width=3)
    draw.rectangle([0, 0, 479, 62], fill=color)
    draw.text((24, 14), brand, font=font(30, "Sans-Bold"), fill="white")
    draw.text((24, 84), "Basmati rice", font=font(32), fill=INK)
    draw.text((24, 140), weight, font=font(32), fill=INK)
    draw.text((456, 174), price, font=font(60, "Sans-Bold"), fill=INK, anchor="ra")
    save(image, name)


def class_schedule():
    image, draw = sheet(860, 500)
    centered(draw, 20, "Class 7B - Weekly schedule", font(30, "Serif-Bold"))
    days = ["Mon", "Tue", "Wed", "Thu", "Fri"]
    lessons = [("8:00", ["Maths", "English", "Physics", "Maths", "History"]), ("9:00", ["English", "Maths", "Art", "Music", "English"]),
               ("10:15", ["Biology", "History", "English", "Physics", "Maths"]), ("11:15", ["Sports", "Music", "Latin", "Biology", "Art"])]
    left, top, wide, high = 130, 76, 140, 80
    for at, day in enumerate(days):
        x = left + wide * at
        draw.rectangle([x, top, x + wide, top + 60], fill="#d9e4f5", outline=GRAY, width=2)
        centered(draw, top + 14, day, font(26, "Sans-Bold"), x=x + wide / 2)
    for line, (time, subjects) in enumerate(lessons):
        y = top + 60 + high * line
        draw.rectangle([20, y, left, y + high], outline=GRAY, width=2)
        centered(draw, y + 24, time, font(26), x=75)
        for at, subject in enumerate(subjects):
            x = left + wide * at
            draw.rectangle([x, y, x + wide, y + high], outline=GRAY, width=2)
            centered(draw, y + 24, subject, font(26), x=x + wide / 2)
    save(image, "class-schedule")


def medicine_label():
    image, draw = sheet(640, 480)
    draw.rectangle([8, 8, 632, 472], outline="#1464a0", width=5)
    draw.rectangle([8, 8, 632, 96], fill="#1464a0")
    draw.text((36, 24), "Calmexin 500 mg", font=font(44, "Sans-Bold"), fill="white")
    for at, line in enumerate(["21 capsules", "Take 1 capsule three times a day", "for 7 days, with a glass of water.", "Contains lactose.",
                               "Store below 25 °C.", "Use before: 08/2026"]):
        draw.text((36, 118 + 56 * at), line, font=font(29, "Sans-Bold" if at == 0 else "Sans"), fill=INK)
    save(image, "medicine-label")


def commute_chart():
    """Horizontal bars: four answers of a survey, one person is 9 pixels."""
    image, draw = sheet(720, 460)
    draw.text((30, 22), "How do you get to work?", font=font(30, "Sans-Bold"), fill=INK)
    for at, (way, people, color) in enumerate([("Bus", 34, "#e08a1e"), ("Car", 47, "#3f7f4f"), ("Bike", 21, "#7a4fb0"), ("Walk", 16, "#c23b5a")]):
        y = 96 + 78 * at
        draw.text((130, y + 8), way, font=font(30), fill=INK, anchor="ra")
        draw.rectangle([150, y, 150 + people * 9, y + 52], fill=color)
        draw.text((164 + people * 9, y + 8), str(people), font=font(30), fill=INK)
    draw.text((150, 412), "Number of people asked", font=font(24), fill="#5c5c5c")
    save(image, "commute-chart", 32)


def boarding_pass():
    image, draw = sheet(860, 360)
    draw.rectangle([0, 0, 860, 66], fill="#123a6b")
    draw.text((30, 15), "AURORA AIR", font=font(32, "Sans-Bold"), fill="white")
    draw.text((830, 18), "BOARDING PASS", font=font(27), fill="white", anchor="ra")
    for x, y, name, value in [(40, 90, "PASSENGER", "PETERSEN / LENA"), (560, 90, "FLIGHT", "AU 418"), (40, 178, "FROM", "Hamburg HAM"),
                              (330, 178, "TO", "Porto OPO"), (610, 178, "DATE", "11 MAY"), (40, 266, "BOARDING", "10:50"), (240, 266, "DEPARTS", "11:30"),
                              (440, 266, "GATE", "B22"), (640, 266, "SEAT", "17C")]:
        labelled(draw, x, y, name, value)
    save(image, "boarding-pass")


def concert_poster():
    image, draw = sheet(520, 720, "#12206b")
    centered(draw, 50, "SILVER COMETS", font(46, "Sans-Bold"), "#ffd23f")
    centered(draw, 124, "World Tour", font(34), "white")
    draw.ellipse([170, 196, 350, 376], fill="#ffd23f")
    centered(draw, 404, "Support: Paper Lanterns", font(28), "white")
    centered(draw, 464, "Friday 24 October", font(36, "Sans-Bold"), "white")
    centered(draw, 524, "Riverside Arena", font(32), "white")
    centered(draw, 574, "Start 8:00 PM", font(28), "white")
    centered(draw, 640, "Tickets: boxoffice.example", font(26), "#ffd23f")
    save(image, "concert-poster")


def parking_receipt():
    image, draw = sheet(420, 600, "#f7f7f2")
    face = font(25, "SansMono")
    centered(draw, 26, "PARKHAUS CITY", font(32, "Sans-Bold"))
    centered(draw, 76, "Level 2   Bay 115", font(23))
    rule(draw, 122, 30, 390)
    for at, (name, value) in enumerate([("Date", "2025-02-08"), ("Entry", "14:10"), ("Exit", "16:42"), ("Plate", "KX 5083")]):
        row(draw, 142 + 52 * at, name, value, face, 30, 390)
    rule(draw, 358, 30, 390)
    row(draw, 378, "PAID", "7.50", font(34, "SansMono-Bold"), 30, 390)
    row(draw, 440, "incl. VAT", "1.20", face, 30, 390)
    centered(draw, 530, "Have a safe trip", font(23))
    save(image, "parking-receipt")


def electricity_bill():
    image, draw = sheet(800, 760)
    draw.text((50, 36), "VoltNet Energy", font=font(36, "Sans-Bold"), fill="#0b6e4f")
    draw.text((750, 46), "Customer 30 7741", font=font(24), fill=INK, anchor="ra")
    draw.text((50, 116), "Your electricity bill: January to March 2025", font=font(27), fill=INK)
    rule(draw, 166, 50, 750)
    face = font(26)
    for at, (name, value) in enumerate([("Meter reading, 1 January", "15,320"), ("Meter reading, 31 March", "15,678"), ("Your use", "358 kWh"),
                                        ("Same period last year", "402 kWh")]):
        row(draw, 186 + 50 * at, name, value, face, 50, 750)
    rule(draw, 396, 50, 750)
    for at, (name, value) in enumerate([("Energy", "107.40"), ("Standing charge", "24.00"), ("Tax", "26.28")]):
        row(draw, 416 + 50 * at, name, value, face, 50, 750)
    draw.rectangle([40, 576, 760, 648], fill="#d8efe6")
    row(draw, 592, "To pay (EUR)", "157.68", font(32, "Sans-Bold"), 56, 744)
    draw.text((50, 676), "Please transfer the amount by 28 April 2025.", font=face, fill=INK)
    save(image, "electricity-bill")


def visiting_card():
    """Name at the right, firm at the left, as business-card.png in scenes/ is not."""
    image, draw = sheet(700, 380)
    draw.rectangle([0, 0, 240, 380], fill="#203040")
    centered(draw, 140, "FERRO", font(44, "Sans-Bold"), "white", 120)
    centered(draw, 196, "LAB", font(44, "Sans-Bold"), "#f0a030", 120)
    draw.text((670, 60), "Tomasz Nowak", font=font(38, "Sans-Bold"), fill=INK, anchor="ra")
    draw.text((670, 116), "Head of Sales", font=font(27), fill="#9a5b00", anchor="ra")
    for at, line in enumerate(["nowak@ferrolab.example", "+48 22 610 45 09", "ul. Długa 8, Gdańsk"]):
        draw.text((670, 206 + 48 * at), line, font=font(26), fill=INK, anchor="ra")
    save(image, "visiting-card")


def inventory():
    image, draw = sheet(820, 560)
    draw.text((40, 26), "Workshop inventory", font=font(32, "Serif-Bold"), fill=INK)
    columns = [(40, "la"), (400, "ra"), (572, "ra"), (776, "ra")]
    rows = [("Item", "In stock", "Minimum", "Unit price"), ("Screwdriver", "14", "10", "6.50"), ("Work gloves", "9", "25", "3.20"),
            ("Safety goggles", "32", "20", "8.90"), ("First aid kit", "2", "5", "27.00"), ("Paint brush", "48", "30", "2.40"),
            ("Tape measure", "17", "12", "5.75")]
    for at, cells in enumerate(rows):
        y = 96 + 62 * at
        for (x, anchor), cell in zip(columns, cells):
            draw.text((x, y), cell, font=font(26, "Sans-Bold" if at == 0 else "Sans"), fill=INK, anchor=anchor)
        rule(draw, y + 46, 40, 780)
    save(image, "inventory")


def fuel_receipt():
    image, draw = sheet(480, 640)
    face = font(24, "SansMono")
    draw.text((36, 30), "ROADSTAR FUEL", font=font(34, "Sans-Bold"), fill=INK)
    draw.text((36, 82), "Motorway A7 North", font=font(23), fill=INK)
    draw.text((36, 118), "06.09.2024  21:17", font=font(23), fill=INK)
    for at, (name, value) in enumerate([("Pump", "4"), ("Product", "Diesel"), ("Volume", "38.50 L"), ("Price / L", "1.60")]):
        row(draw, 184 + 50 * at, name, value, face)
    rule(draw, 390)
    row(draw, 410, "AMOUNT", "61.60", font(34, "SansMono-Bold"))
    row(draw, 474, "Card", "61.60", face)
    draw.text((36, 550), "Receipt no. 90213", font=font(23), fill=INK)
    save(image, "fuel-receipt")


def bookshop_receipt():
    image, draw = sheet(560, 640, "#fbf7f0")
    face = font(25, "Serif")
    centered(draw, 28, "Page & Quill Books", font(36, "Serif-Bold"), "#6b2d1a")
    centered(draw, 84, "30 Oct 2024 - Order 2281", font(22, "Serif"))
    rule(draw, 130)
    for at, (title, price) in enumerate([("City of Glass", "16.50"), ("A Short Atlas", "14.00"), ("Garden Diary", "11.50")]):
        row(draw, 152 + 50 * at, title, price, face)
    rule(draw, 312)
    row(draw, 334, "Subtotal", "42.00", face)
    row(draw, 384, "Member discount", "-4.20", face)
    row(draw, 440, "To pay", "37.80", font(32, "Serif-Bold"))
    rule(draw, 500)
    row(draw, 520, "Gift card", "37.80", face)
    centered(draw, 584, "No returns on sale items", font(22, "Serif"))
    save(image, "bookshop-receipt")


def four_squares():
    """Red and blue above, yellow and green below."""
    image, draw = sheet(440, 440)
    for x, y, color in [(30, 30, "#d62222"), (230, 30, "#1f4fd1"), (30, 230, "#f5d90a"), (230, 230, "#1f9d3a")]:
        draw.rectangle([x, y, x + 179, y + 179], fill=color)
    save(image, "four-squares")


def flag():
    """Stripes from top to bottom: 50 % green, 30 % white, 20 % purple."""
    image, draw = sheet(480, 300)
    for y1, y2, color in [(0, 150, "#1f9d3a"), (150, 240, "#ffffff"), (240, 300, "#7a1fb0")]:
        draw.rectangle([0, y1, 479, y2 - 1], fill=color)
    save(image, "flag")


def train_ticket_zh(face):
    image, draw = sheet(700, 420, "#d9ecf7")
    draw.rectangle([0, 360, 700, 420], fill="#7db9dd")
    draw.text((50, 84), "南京南站", font=face(42), fill=INK)
    centered(draw, 86, "G7204", font(38, "Sans-Bold"))
    draw.text((650, 84), "上海站", font=face(42), fill=INK, anchor="ra")
    draw.line([(270, 146), (430, 146)], fill=INK, width=3)
    draw.text((50, 30), "检票口 6A", font=face(26), fill="#b02020")
    draw.text((50, 178), "2025年10月3日 08:35开", font=face(32), fill=INK)
    draw.text((650, 178), "05车12A号", font=face(32), fill=INK, anchor="ra")
    draw.text((50, 238), "￥139.5元", font=face(32), fill=INK)
    draw.text((650, 238), "二等座", font=face(32), fill=INK, anchor="ra")
    draw.text((50, 298), "乘车人：李思远", font=face(30), fill=INK)
    centered(draw, 372, "请提前到站候车", face(28), "#103050")
    save(image, "train-ticket-zh")


def menu_zh(face):
    image, draw = sheet(560, 620, "#7d1a1a")
    centered(draw, 24, "江南小馆", face(48), "#ffd98a")
    draw.rectangle([30, 110, 530, 590], fill="#fff8e8")
    for at, (dish, price) in enumerate([("清蒸鲈鱼", "68元"), ("红烧排骨", "52元"), ("西红柿炒蛋", "24元"), ("猪肉饺子", "18元"), ("酸辣汤", "15元"), ("绿茶", "8元")]):
        row(draw, 128 + 76 * at, dish, price, face(36), 60, 500)
    save(image, "menu-zh")


def main():
    face = chinese_face()
    for draw in [league_table, bus_ticket, price_tag, class_schedule, medicine_label, commute_chart, boarding_pass, concert_poster,
                 parking_receipt, electricity_bill, visiting_card, inventory, fuel_receipt, bookshop_receipt, four_squares, flag]:
        draw()
    rice("rice-harvest", "Harvest", "1 kg", "3.20", "#2f6b3a")
    rice("rice-lotus", "Lotus", "500 g", "1.75", "#8a3b12")
    for draw in [train_ticket_zh, menu_zh]:
        draw(face)


if __name__ == "__main__":
    main()
