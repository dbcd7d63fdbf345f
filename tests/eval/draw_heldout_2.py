"""Draws the scenes of the second held-out cases. Run by a developer: python3 tests/eval/draw_heldout_2.py --cjk NotoSansCJK.ttc
Needs what draw_heldout.py needs, whose helpers it takes. What is drawn is the truth of the cases."""

from pathlib import Path

import draw as scenes
from draw import GRAY, INK, centered, chinese_face, font, row, rule, save, sheet
from draw_heldout import labelled

scenes.OUT = Path(__file__).parent / "heldout-2"


def grid(draw, rows, columns, y, step, size=26, fill=INK, head=None):
    """Rows of cells, the first one bold; a column is where it stands and how it is anchored."""
    for at, cells in enumerate(rows):
        for (x, anchor), cell in zip(columns, cells):
            color = head if at == 0 and head else fill
            draw.text((x, y + step * at), cell, font=font(size, "Sans-Bold" if at == 0 else "Sans"), fill=color, anchor=anchor)


def hotel_bill():
    image, draw = sheet(680, 800, "#fcfaf4")
    centered(draw, 30, "Hotel Seeblick", font(42, "Serif-Bold"), "#1b4d5c")
    centered(draw, 90, "Promenade 5, Lindau", font(22, "Serif"))
    labelled(draw, 50, 140, "Guest", "M. Okafor", 26)
    labelled(draw, 300, 140, "Room", "312", 26)
    labelled(draw, 50, 216, "Arrival", "3 June 2025", 26)
    labelled(draw, 300, 216, "Departure", "6 June 2025", 26)
    rule(draw, 302, 50, 630)
    for at, (name, value) in enumerate([("3 nights at 92.00", "276.00"), ("Breakfast 3 x 11.50", "34.50"), ("Parking", "24.00"),
                                        ("City tax", "7.50")]):
        row(draw, 324 + 52 * at, name, value, font(27, "Serif"), 50, 630)
    rule(draw, 540, 50, 630)
    row(draw, 558, "Total EUR", "342.00", font(32, "Serif-Bold"), 50, 630)
    row(draw, 620, "Deposit received", "100.00", font(27, "Serif"), 50, 630)
    row(draw, 672, "Balance due", "242.00", font(30, "Serif-Bold"), 50, 630)
    centered(draw, 744, "We hope to see you again", font(22, "Serif"))
    save(image, "hotel-bill")


def library_slip():
    image, draw = sheet(600, 520)
    face = font(24, "SansMono")
    draw.text((36, 26), "Ashford Town Library", font=font(32, "Sans-Bold"), fill=INK)
    draw.text((36, 80), "Borrowed on 12 Feb 2026", font=font(24), fill=INK)
    rule(draw, 126, 36, 564)
    row(draw, 142, "Title", "Due back", font(24, "SansMono-Bold"), 36, 564)
    for at, (title, due) in enumerate([("The Salt Road", "05 Mar"), ("Bread at Home", "05 Mar"), ("Night Trains", "19 Feb"),
                                       ("Owls of Europe", "05 Mar")]):
        row(draw, 192 + 50 * at, title, due, face, 36, 564)
    rule(draw, 396, 36, 564)
    draw.text((36, 412), "Late fee 0.20 per day and item", font=font(24), fill=INK)
    draw.text((36, 460), "Your librarian today: Greta", font=font(24), fill=INK)
    save(image, "library-slip")


def cinema_programme():
    image, draw = sheet(860, 500, "#221a2e")
    draw.text((36, 24), "KINO LUMEN", font=font(38, "Sans-Bold"), fill="#ff9f43")
    draw.text((824, 32), "Saturday 14 February", font=font(27), fill="white", anchor="ra")
    rows = [("Film", "Screen", "Starts", "Length", "Age"), ("Little Fox", "2", "14:15", "81 min", "0+"),
            ("The Long Tide", "1", "15:00", "118 min", "12+"), ("Paper Moonlight", "2", "16:30", "94 min", "6+"),
            ("Iron Harbour", "3", "18:45", "132 min", "16+"), ("Echo Valley", "1", "20:15", "107 min", "12+")]
    grid(draw, rows, [(36, "la"), (390, "ma"), (570, "ra"), (720, "ra"), (824, "ra")], 108, 62, 27, "white", "#ff9f43")
    save(image, "cinema-programme")


def recipe_card():
    image, draw = sheet(620, 640, "#fff6e0")
    draw.rectangle([10, 10, 610, 630], outline="#b5651d", width=4)
    draw.text((40, 34), "Red lentil soup", font=font(38, "Serif-Bold"), fill="#b5651d")
    draw.text((40, 96), "Serves 4 - ready in 35 minutes", font=font(25, "Serif"), fill=INK)
    for at, line in enumerate(["250 g red lentils", "2 carrots", "1 onion", "900 ml vegetable stock", "2 tbsp olive oil", "1 tsp cumin"]):
        draw.text((60, 156 + 46 * at), line, font=font(27, "Serif"), fill=INK)
    rule(draw, 448, 40, 580, "#b5651d")
    for at, line in enumerate(["Fry onion and carrots for 5 minutes.", "Add everything else.", "Simmer for 25 minutes."]):
        draw.text((40, 468 + 48 * at), line, font=font(26, "Serif"), fill=INK)
    save(image, "recipe-card")


def shipping_label():
    image, draw = sheet(640, 620)
    draw.rectangle([6, 6, 633, 613], outline=INK, width=5)
    draw.rectangle([6, 6, 633, 86], fill=INK)
    draw.text((30, 22), "EXPRESS", font=font(44, "Sans-Bold"), fill="white")
    draw.text((610, 30), "Parcel 2 of 3", font=font(28), fill="white", anchor="ra")
    draw.text((30, 104), "FROM", font=font(22, "Sans-Bold"), fill="#5c5c5c")
    draw.text((30, 136), "Brightware GmbH, Kassel", font=font(25), fill=INK)
    rule(draw, 186, 6, 633, INK)
    draw.text((30, 204), "TO", font=font(22, "Sans-Bold"), fill="#5c5c5c")
    for at, line in enumerate(["Nadia Haddad", "27 Orchard Lane", "Leeds LS6 2PT"]):
        draw.text((30, 236 + 48 * at), line, font=font(34, "Sans-Bold"), fill=INK)
    rule(draw, 398, 6, 633, INK)
    labelled(draw, 30, 414, "WEIGHT", "3.4 kg")
    labelled(draw, 360, 414, "SHIPPED", "21 Jan 2026", 28)
    x = 30
    for at in range(62):
        width = (3, 6, 2, 8, 4)[(at * at + at) % 5]
        draw.rectangle([x, 502, x + width - 1, 556], fill=INK)
        x += width + (3, 5)[at % 2]
        if x > 600:
            break
    centered(draw, 568, "ZX 4471 9026 GB", font(27, "SansMono-Bold"))
    save(image, "shipping-label")


def swim_results():
    image, draw = sheet(820, 520, "#eaf6fb")
    draw.rectangle([0, 0, 820, 74], fill="#0a5c8a")
    draw.text((30, 19), "Women 100 m Freestyle - Final", font=font(32, "Sans-Bold"), fill="white")
    rows = [("Rank", "Lane", "Name", "Nation", "Time"), ("1", "4", "Keller", "Switzerland", "53.18"), ("2", "5", "Moreau", "France", "53.64"),
            ("3", "2", "Lindqvist", "Sweden", "54.02"), ("4", "6", "Tanaka", "Japan", "54.31"), ("5", "3", "Costa", "Brazil", "54.90"),
            ("6", "7", "Novak", "Czechia", "55.27")]
    grid(draw, rows, [(74, "ma"), (190, "ma"), (270, "la"), (480, "la"), (784, "ra")], 98, 60, 27)
    save(image, "swim-results")


def clothing_label():
    image, draw = sheet(420, 560, "#f4efe6")
    centered(draw, 36, "NORDVIK", font(48, "Serif-Bold"), "#23395b")
    centered(draw, 116, "Size M", font(34, "Sans-Bold"))
    rule(draw, 176, 50, 370)
    for at, line in enumerate(["80% wool", "20% polyamide", "Hand wash 30 °C", "Do not tumble dry", "Iron at low heat", "Made in Portugal"]):
        centered(draw, 198 + 56 * at, line, font(29))
    save(image, "clothing-label")


def budget_pie():
    """Clockwise from the top, with a legend that alone says what a colour means."""
    image, draw = sheet(800, 480)
    draw.text((36, 24), "Where our 2,400 EUR a month go", font=font(30, "Sans-Bold"), fill=INK)
    start = -90
    parts = [("Rent", 45, "#d43d3d"), ("Food", 25, "#2f62c9"), ("Transport", 15, "#2e9e46"), ("Savings", 10, "#f2cf1d"), ("Other", 5, "#9b9b9b")]
    for at, (name, share, color) in enumerate(parts):
        draw.pieslice([40, 100, 380, 440], start, start + share * 3.6, fill=color, outline="white", width=3)
        start += share * 3.6
        y = 126 + 62 * at
        draw.rectangle([450, y, 486, y + 36], fill=color)
        draw.text((506, y + 1), name, font=font(28), fill=INK)
        draw.text((764, y + 1), f"{share}%", font=font(28), fill=INK, anchor="ra")
    save(image, "budget-pie", 32)


def opening_hours():
    image, draw = sheet(540, 620, "#14532d")
    draw.rounded_rectangle([24, 24, 516, 596], 20, fill="white")
    centered(draw, 46, "SPOKE & CHAIN", font(38, "Sans-Bold"), "#14532d")
    centered(draw, 104, "Bicycle repairs", font(26))
    days = [("Monday", "9:00 - 18:00"), ("Tuesday", "9:00 - 18:00"), ("Wednesday", "closed"), ("Thursday", "9:00 - 20:00"),
            ("Friday", "9:00 - 16:00"), ("Saturday", "10:00 - 14:00"), ("Sunday", "closed")]
    for at, (day, hours) in enumerate(days):
        row(draw, 164 + 52 * at, day, hours, font(27), 60, 480)
    centered(draw, 542, "Phone 0117 496 0352", font(25, "Sans-Bold"))
    save(image, "opening-hours")


def bank_statement():
    image, draw = sheet(840, 600)
    draw.text((40, 28), "Granite Bank", font=font(36, "Serif-Bold"), fill="#5b1a3a")
    draw.text((800, 38), "Statement September 2025", font=font(25), fill=INK, anchor="ra")
    draw.text((40, 92), "Account 4402 118 7", font=font(25), fill=INK)
    row(draw, 146, "Opening balance", "1,840.00", font(27, "Sans-Bold"))
    rule(draw, 194)
    for at, (date, text, amount) in enumerate([("02 Sep", "Salary Brandt Ltd", "+2,150.00"), ("04 Sep", "Rent", "-780.00"),
                                               ("09 Sep", "Supermarket", "-64.30"), ("15 Sep", "Gym membership", "-29.90"),
                                               ("22 Sep", "Shoe shop", "-119.00")]):
        y = 212 + 56 * at
        draw.text((40, y), date, font=font(26), fill=INK)
        draw.text((200, y), text, font=font(26), fill=INK)
        draw.text((800, y), amount, font=font(26), fill=INK, anchor="ra")
    rule(draw, 498)
    row(draw, 518, "Closing balance", "2,996.80", font(27, "Sans-Bold"))
    save(image, "bank-statement")


def exam_results():
    image, draw = sheet(720, 470)
    centered(draw, 22, "Year 9 - Spring exams (out of 100)", font(29, "Sans-Bold"))
    rows = [("Student", "Maths", "Biology", "French"), ("Amira", "78", "85", "91"), ("Ben", "64", "72", "58"), ("Chloe", "92", "88", "79"),
            ("Dmitri", "55", "61", "70"), ("Elif", "83", "90", "86")]
    for at in range(6):
        rule(draw, 134 + 60 * at - 4, 40, 680)
    grid(draw, rows, [(50, "la"), (320, "ra"), (500, "ra"), (670, "ra")], 86, 60, 28)
    save(image, "exam-results")


def phone_bill():
    image, draw = sheet(640, 620)
    draw.rectangle([0, 0, 640, 84], fill="#e5007d")
    draw.text((34, 20), "telmora mobile", font=font(36, "Sans-Bold"), fill="white")
    draw.text((34, 110), "Bill for August 2025", font=font(28, "Sans-Bold"), fill=INK)
    draw.text((34, 158), "Phone number 0151 555 2093", font=font(25), fill=INK)
    rule(draw, 208, 34, 606)
    for at, (name, value) in enumerate([("Basic tariff", "19.99"), ("Extra data 10 GB", "5.00"), ("Calls abroad", "3.41"), ("Roaming", "2.60")]):
        row(draw, 228 + 54 * at, name, value, font(27), 34, 606)
    rule(draw, 452, 34, 606)
    row(draw, 470, "Amount due EUR", "31.00", font(32, "Sans-Bold"), 34, 606)
    draw.text((34, 546), "We will debit it on 18 September.", font=font(25), fill=INK)
    save(image, "phone-bill")


def departure_board():
    """Platform first and time late in the row, as timetable.png in scenes/ is not."""
    image, draw = sheet(880, 520, "#101418")
    draw.text((30, 20), "Departures", font=font(36, "Sans-Bold"), fill="white")
    draw.text((850, 22), "12:58", font=font(34, "SansMono-Bold"), fill="white", anchor="ra")
    rows = [("Plat.", "Train", "To", "Time", "Info"), ("2", "IC 508", "Bergen", "13:05", "on time"), ("7", "RE 14", "Falun", "13:12", "15 min late"),
            ("1", "S 3", "Lakeside", "13:20", "cancelled"), ("4", "IC 77", "Malmo", "13:38", "on time"), ("7", "RE 16", "Falun", "14:12", "5 min late"),
            ("5", "EC 230", "Vienna", "14:25", "on time")]
    grid(draw, rows, [(60, "ma"), (140, "la"), (310, "la"), (590, "ra"), (850, "ra")], 96, 60, 27, "#ffd21f", "white")
    save(image, "departure-board")


def power_bill_zh(face):
    image, draw = sheet(620, 680)
    draw.rectangle([0, 0, 620, 88], fill="#0b7a5a")
    centered(draw, 16, "居民电费账单", face(40), "white")
    for at, (name, value) in enumerate([("户名", "陈建国"), ("户号", "33021875"), ("计费月份", "2025年7月"), ("上次读数", "4210"), ("本次读数", "4536"),
                                        ("用电量", "326度"), ("单价", "0.55元")]):
        row(draw, 108 + 58 * at, name, value, face(30), 50, 570)
    rule(draw, 524, 50, 570)
    row(draw, 538, "应缴电费", "179.30元", face(36), 50, 570)
    draw.text((50, 610), "请于2025年8月20日前缴费", font=face(28), fill="#b02020")
    save(image, "power-bill-zh")


def class_timetable_zh(face):
    image, draw = sheet(840, 520)
    centered(draw, 16, "三年级二班课程表", face(36))
    days = ["周一", "周二", "周三", "周四", "周五"]
    lessons = [("第一节", ["语文", "数学", "英语", "语文", "数学"]), ("第二节", ["数学", "语文", "数学", "英语", "语文"]),
               ("第三节", ["体育", "音乐", "语文", "数学", "美术"]), ("第四节", ["科学", "英语", "体育", "音乐", "班会"])]
    left, top, wide, high = 140, 80, 136, 84
    for at, day in enumerate(days):
        x = left + wide * at
        draw.rectangle([x, top, x + wide, top + 64], fill="#fbe3c0", outline=GRAY, width=2)
        centered(draw, top + 10, day, face(30), x=x + wide / 2)
    for line, (name, subjects) in enumerate(lessons):
        y = top + 64 + high * line
        draw.rectangle([20, y, left, y + high], outline=GRAY, width=2)
        centered(draw, y + 20, name, face(28), x=80)
        for at, subject in enumerate(subjects):
            x = left + wide * at
            draw.rectangle([x, y, x + wide, y + high], outline=GRAY, width=2)
            centered(draw, y + 20, subject, face(30), x=x + wide / 2)
    save(image, "class-timetable-zh")


def main():
    face = chinese_face()
    for draw in [hotel_bill, library_slip, cinema_programme, recipe_card, shipping_label, swim_results, clothing_label, budget_pie,
                 opening_hours, bank_statement, exam_results, phone_bill, departure_board]:
        draw()
    for draw in [power_bill_zh, class_timetable_zh]:
        draw(face)


if __name__ == "__main__":
    main()
