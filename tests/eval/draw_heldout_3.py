"""Draws the scenes of the third held-out cases. Run by a developer: python3 tests/eval/draw_heldout_3.py --cjk NotoSansCJK-Regular.ttc
Needs what draw_heldout_2.py needs, whose helpers it takes. What is drawn is the truth of the cases."""

import argparse
from pathlib import Path

from PIL import ImageFont

import draw as scenes
from draw import GRAY, INK, centered, font, row, rule, save, sheet
from draw_heldout import labelled
from draw_heldout_2 import grid

scenes.OUT = Path(__file__).parent / "heldout-3"


def cjk_face(path, index):
    """The font of --cjk by size; in a Noto collection index 0 is Japanese, 2 simplified Chinese."""
    return lambda size: ImageFont.truetype(path, size, index=index if path.endswith(".ttc") else 0)


def lines(draw, texts, x, y, step, face, fill=INK):
    for at, text in enumerate(texts):
        draw.text((x, y + step * at), text, font=face, fill=fill)


def kassenbon():
    image, draw = sheet(600, 830, "#fdfdf8")
    mono = font(25, "SansMono")
    centered(draw, 28, "FRISCHMARKT KRÜGER", font(36, "Sans-Bold"))
    centered(draw, 82, "Bahnhofstr. 14, 48143 Münster", font(22))
    centered(draw, 118, "17.10.2025   18:22   Kasse 2", font(22))
    rule(draw, 164)
    for at, (item, price) in enumerate([("Vollmilch 1 l", "1,19"), ("Roggenbrot", "3,49"), ("Bananen 1,2 kg", "2,14"), ("Butter 250 g", "2,39"),
                                        ("Apfelsaft 6 x 0,89", "5,34"), ("Pfand 6 x 0,25", "1,50")]):
        row(draw, 184 + 46 * at, item, price, mono)
    rule(draw, 470)
    row(draw, 490, "SUMME EUR", "16,05", font(34, "SansMono-Bold"))
    row(draw, 552, "Bar", "20,00", mono)
    row(draw, 598, "Rückgeld", "3,95", mono)
    rule(draw, 652)
    row(draw, 668, "inkl. MwSt", "1,28", font(22, "SansMono"))
    centered(draw, 718, "Es bediente Sie Frau Lindner", font(22))
    centered(draw, 760, "Vielen Dank für Ihren Einkauf!", font(22))
    save(image, "kassenbon")


def facture():
    image, draw = sheet(860, 860)
    draw.text((40, 30), "Plomberie Garnier", font=font(38, "Serif-Bold"), fill="#1f4e79")
    draw.text((40, 86), "8 rue des Tilleuls, 69003 Lyon", font=font(22), fill=INK)
    draw.text((820, 36), "FACTURE", font=font(34, "Sans-Bold"), fill="#1f4e79", anchor="ra")
    draw.text((820, 86), "n° F-2025-087", font=font(22), fill=INK, anchor="ra")
    rule(draw, 136)
    labelled(draw, 40, 156, "Client", "Mme Sylvie Lacroix", 25)
    labelled(draw, 430, 156, "Date", "12/09/2025", 25)
    labelled(draw, 630, 156, "Échéance", "12/10/2025", 25)
    draw.rectangle([40, 252, 820, 300], fill="#dbe8f4")
    rows = [("Désignation", "Qté", "PU HT", "Total HT"), ("Main-d'œuvre (heures)", "3", "48,00", "144,00"), ("Robinet mitigeur", "1", "89,50", "89,50"),
            ("Siphon", "2", "12,25", "24,50"), ("Déplacement", "1", "35,00", "35,00")]
    grid(draw, rows, [(54, "la"), (500, "ra"), (650, "ra"), (806, "ra")], 262, 58, 24)
    rule(draw, 562)
    row(draw, 584, "Total HT", "293,00 €", font(26), 480, 806)
    row(draw, 632, "TVA 10 %", "29,30 €", font(26), 480, 806)
    row(draw, 686, "Total TTC", "322,30 €", font(30, "Sans-Bold"), 480, 806)
    draw.text((40, 780), "Paiement par virement sous 30 jours. Merci de votre confiance.", font=font(21), fill=INK)
    save(image, "facture")


def cuenta_meson():
    image, draw = sheet(620, 780, "#fffaf0")
    serif = font(27, "Serif")
    centered(draw, 26, "Mesón La Encina", font(42, "Serif-Bold"), "#7a2e12")
    centered(draw, 88, "Calle del Olivo 3, Segovia", font(22, "Serif"))
    row(draw, 136, "Mesa 7", "21/06/2025  22:47", font(24, "Serif"))
    row(draw, 176, "Camarero: Iván", "Comensales: 2", font(24, "Serif"))
    rule(draw, 226)
    for at, (dish, price) in enumerate([("2  Caña", "5,00"), ("1  Tortilla", "9,80"), ("1  Pulpo a la gallega", "18,50"), ("1  Ensalada mixta", "8,20"),
                                        ("2  Flan casero", "9,00")]):
        row(draw, 246 + 52 * at, dish, price, serif)
    rule(draw, 520)
    row(draw, 542, "TOTAL", "50,50 €", font(36, "Serif-Bold"))
    row(draw, 610, "IVA 10 % incluido", "4,59", font(24, "Serif"))
    centered(draw, 686, "Propina no incluida", font(22, "Serif"))
    centered(draw, 724, "¡Gracias por su visita!", font(22, "Serif"))
    save(image, "cuenta-meson")


def recibo_drogaria():
    image, draw = sheet(620, 800)
    mono = font(25, "SansMono")
    centered(draw, 28, "DROGARIA BOA VISTA", font(36, "Sans-Bold"), "#0b6e4f")
    centered(draw, 84, "Av. Amazonas 910, Belo Horizonte", font(22))
    centered(draw, 120, "03/08/2025  10:15  Caixa 4", font(22))
    rule(draw, 166)
    for at, (item, price) in enumerate([("Dipirona 500 mg", "8,90"), ("Protetor solar FPS 50", "54,90"), ("Escova dental 2 x 7,45", "14,90"),
                                        ("Vitamina C", "22,30")]):
        row(draw, 188 + 50 * at, item, price, mono)
    rule(draw, 398)
    row(draw, 418, "Subtotal", "101,00", mono)
    row(draw, 466, "Desconto clube", "-11,00", mono)
    row(draw, 520, "TOTAL R$", "90,00", font(34, "SansMono-Bold"))
    rule(draw, 584)
    row(draw, 604, "Pago com PIX", "90,00", mono)
    centered(draw, 690, "Trocas em até 7 dias com a nota", font(22))
    centered(draw, 730, "Obrigado pela preferência", font(22))
    save(image, "recibo-drogaria")


def conbini(face):
    image, draw = sheet(600, 780)
    centered(draw, 26, "さくらマート 三条店", face(38))
    centered(draw, 92, "京都市中京区三条通12", face(23))
    centered(draw, 130, "2025年11月8日 19:34", face(24))
    rule(draw, 182)
    for at, (item, price) in enumerate([("おにぎり 鮭", "¥150"), ("緑茶  2点", "¥260"), ("からあげ弁当", "¥580"), ("プリン", "¥198")]):
        row(draw, 200 + 54 * at, item, price, face(29))
    rule(draw, 430)
    row(draw, 446, "合計", "¥1,188", face(40))
    row(draw, 514, "（内消費税等", "¥88）", face(25))
    row(draw, 562, "お預り", "¥1,500", face(29))
    row(draw, 612, "お釣り", "¥312", face(29))
    rule(draw, 674)
    centered(draw, 690, "担当：山口", face(25))
    save(image, "conbini")


def waimai(face):
    image, draw = sheet(620, 860, "#f5f5f5")
    draw.rectangle([0, 0, 620, 84], fill="#f7b500")
    centered(draw, 16, "外卖订单", face(38))
    draw.rounded_rectangle([20, 104, 600, 836], 16, fill="white")
    draw.text((44, 118), "老周面馆", font=face(34), fill=INK)
    draw.text((44, 174), "下单时间 2025-09-20 12:08", font=face(24), fill="#5c5c5c")
    rule(draw, 222, 44, 576)
    for at, (item, price) in enumerate([("牛肉面 ×2", "56元"), ("凉拌黄瓜 ×1", "12元"), ("煎饺 ×1", "16元"), ("打包费", "3元"), ("配送费", "5元"),
                                        ("优惠", "-10元")]):
        row(draw, 236 + 56 * at, item, price, face(28), 44, 576)
    rule(draw, 584, 44, 576)
    row(draw, 596, "实付", "82元", face(40), 44, 576, "#c62828")
    rule(draw, 670, 44, 576)
    draw.text((44, 684), "备注：不要香菜", font=face(27), fill=INK)
    draw.text((44, 736), "订单号 83061427", font=face(25), fill=INK)
    draw.text((44, 784), "骑手 小马", font=face(25), fill=INK)
    save(image, "waimai")


def zugfahrplan():
    image, draw = sheet(940, 500)
    draw.rectangle([0, 0, 940, 76], fill="#b3122b")
    draw.text((32, 20), "Köln Hbf - Berlin Hbf, Fr 22.08.2025", font=font(30, "Sans-Bold"), fill="white")
    rows = [("Zug", "Ab", "An", "Dauer", "Umstiege", "Preis"), ("ICE 543", "06:48", "11:12", "4:24 h", "0", "74,90 €"),
            ("IC 2013", "07:30", "12:41", "5:11 h", "1", "49,90 €"), ("ICE 547", "08:48", "13:09", "4:21 h", "0", "89,90 €"),
            ("RE 11", "09:55", "15:35", "5:40 h", "2", "39,90 €"), ("ICE 641", "11:48", "16:20", "4:32 h", "0", "59,90 €")]
    grid(draw, rows, [(32, "la"), (260, "ra"), (390, "ra"), (540, "ra"), (720, "ra"), (906, "ra")], 104, 64, 27)
    save(image, "zugfahrplan")


def liga():
    image, draw = sheet(900, 540)
    draw.rectangle([0, 0, 900, 72], fill="#3b1d6e")
    draw.text((30, 18), "Liga Regional Femenina - Clasificación", font=font(29, "Sans-Bold"), fill="white")
    rows = [("", "Equipo", "PJ", "G", "E", "P", "Pts"), ("1", "Sierra Azul", "14", "10", "2", "2", "32"), ("2", "Villamar", "14", "9", "3", "2", "30"),
            ("3", "Atlético Olmos", "14", "8", "1", "5", "25"), ("4", "Río Claro", "14", "6", "4", "4", "22"),
            ("5", "Puente Nuevo", "14", "4", "2", "8", "14"), ("6", "San Telmo", "14", "1", "4", "9", "7")]
    grid(draw, rows, [(48, "ma"), (90, "la"), (470, "ra"), (570, "ra"), (660, "ra"), (750, "ra"), (860, "ra")], 96, 62, 28)
    save(image, "liga")


def etiquette_yaourt():
    image, draw = sheet(720, 700)
    draw.rectangle([14, 14, 706, 686], outline="#4b2a7b", width=4)
    draw.text((40, 36), "Yaourt aux myrtilles", font=font(36, "Sans-Bold"), fill="#4b2a7b")
    draw.text((40, 94), "Ingrédients : lait, myrtilles 8 %, sucre, ferments", font=font(22), fill=INK)
    rule(draw, 142)
    rows = [("Valeurs", "100 g", "Pot 125 g"), ("Énergie", "92 kcal", "115 kcal"), ("Matières grasses", "2,8 g", "3,5 g"),
            ("dont saturées", "1,8 g", "2,3 g"), ("Glucides", "12,4 g", "15,5 g"), ("dont sucres", "11,6 g", "14,5 g"), ("Protéines", "3,6 g", "4,5 g"),
            ("Sel", "0,12 g", "0,15 g")]
    grid(draw, rows, [(40, "la"), (480, "ra"), (676, "ra")], 160, 56, 27)
    draw.text((40, 628), "À consommer avant le 30/11/2025", font=font(24), fill=INK)
    save(image, "etiquette-yaourt")


def extrato():
    image, draw = sheet(900, 640)
    draw.text((40, 28), "Banco do Mondego", font=font(34, "Serif-Bold"), fill="#005c5c")
    draw.text((860, 36), "Extrato - Março de 2025", font=font(25), fill=INK, anchor="ra")
    draw.text((40, 84), "Titular: Rita Figueiredo", font=font(24), fill=INK)
    rule(draw, 128, 40, 860)
    row(draw, 146, "Saldo inicial", "1.250,40", font(26, "Sans-Bold"), 40, 860)
    for at, (day, what, amount) in enumerate([("03/03", "Ordenado", "+1.480,00"), ("05/03", "Renda da casa", "-650,00"), ("09/03", "Supermercado", "-83,25"),
                                              ("14/03", "Eletricidade", "-57,90"), ("20/03", "Ginásio", "-34,50"), ("27/03", "Restaurante", "-41,75")]):
        y = 204 + 56 * at
        draw.text((40, y), day, font=font(26), fill=INK)
        draw.text((190, y), what, font=font(26), fill=INK)
        draw.text((860, y), amount, font=font(26), fill=INK, anchor="ra")
    rule(draw, 548, 40, 860)
    row(draw, 568, "Saldo final EUR", "1.863,00", font(28, "Sans-Bold"), 40, 860)
    save(image, "extrato")


def freibad():
    image, draw = sheet(840, 540)
    centered(draw, 20, "Besucher im Freibad 2025", font(32, "Sans-Bold"))
    draw.line([(60, 460), (800, 460)], fill=INK, width=3)
    for at, (month, count) in enumerate([("Mai", 320), ("Juni", 870), ("Juli", 1240), ("August", 1115), ("September", 410)]):
        x = 86 + 146 * at
        top = 460 - count * 0.27
        draw.rectangle([x, top, x + 92, 460], fill="#1f8fa8")
        draw.text((x + 46, top - 8), f"{count:,}".replace(",", "."), font=font(26), fill=INK, anchor="ms")
        draw.text((x + 46, 474), month, font=font(24), fill=INK, anchor="ma")
    save(image, "freibad")


def subscribers():
    image, draw = sheet(900, 560)
    draw.text((50, 22), "Newsletter subscribers by year", font=font(31, "Sans-Bold"), fill=INK)
    for value in range(0, 701, 100):
        y = 480 - value * 0.54
        draw.line([(90, y), (860, y)], fill="#dcdcdc", width=2)
        draw.text((76, y), str(value), font=font(20), fill="#5c5c5c", anchor="rm")
    points = [(150 + 130 * at, 480 - value * 0.54) for at, value in enumerate([210, 340, 325, 480, 615, 590])]
    draw.line(points, fill="#c2410c", width=5)
    for (x, y), year, value in zip(points, range(2019, 2025), [210, 340, 325, 480, 615, 590]):
        draw.ellipse([x - 8, y - 8, x + 8, y + 8], fill="#c2410c")
        draw.text((x, y - 18), str(value), font=font(25, "Sans-Bold"), fill=INK, anchor="ms")
        draw.text((x, 496), str(year), font=font(24), fill=INK, anchor="ma")
    save(image, "subscribers")


def temps_ecran():
    """Each slice is named beside itself, without a legend."""
    image, draw = sheet(860, 560)
    centered(draw, 18, "Temps d'écran d'Inès : 40 heures par semaine", font(29, "Sans-Bold"))
    start = -90
    for name, share, color, x, y in [("Vidéos", 35, "#2563eb", 640, 190), ("Jeux", 25, "#dc2626", 590, 466), ("Réseaux sociaux", 20, "#16a34a", 54, 430),
                                     ("Lecture", 12, "#f59e0b", 110, 216), ("Autres", 8, "#8a8a8a", 176, 104)]:
        draw.pieslice([260, 110, 610, 460], start, start + share * 3.6, fill=color, outline="white", width=3)
        start += share * 3.6
        draw.text((x, y), name, font=font(26, "Sans-Bold"), fill=color)
        draw.text((x, y + 34), f"{share} %", font=font(26), fill=INK)
    save(image, "temps-ecran")


def kosuiryo(face):
    image, draw = sheet(820, 560)
    draw.text((40, 20), "月別降水量（mm）", font=face(34), fill=INK)
    for at, (month, value) in enumerate([("4月", 112), ("5月", 138), ("6月", 204), ("7月", 187), ("8月", 95), ("9月", 221)]):
        y = 96 + 74 * at
        draw.text((110, y + 2), month, font=face(28), fill=INK, anchor="ra")
        draw.rectangle([130, y, 130 + value * 2.6, y + 46], fill="#3178c6")
        draw.text((146 + value * 2.6, y + 2), str(value), font=face(28), fill=INK)
    save(image, "kosuiryo")


def menu_ja(face):
    image, draw = sheet(620, 760, "#2b1a12")
    draw.rectangle([24, 24, 596, 736], fill="#fff3d6")
    centered(draw, 40, "麺処 たけし", face(46), "#a31515")
    rule(draw, 122, 60, 560)
    for at, (dish, price) in enumerate([("醤油ラーメン", "850円"), ("味噌ラーメン", "920円"), ("塩ラーメン", "830円"), ("つけ麺", "980円"), ("餃子（6個）", "420円"),
                                        ("半チャーハン", "380円"), ("生ビール", "550円")]):
        row(draw, 140 + 68 * at, dish, price, face(34), 66, 554)
    centered(draw, 648, "大盛り 100円増し", face(28))
    centered(draw, 690, "定休日：水曜日", face(26), "#a31515")
    save(image, "menu-ja")


def cartel():
    image, draw = sheet(640, 880, "#0f5132")
    centered(draw, 40, "FERIA DEL LIBRO", font(58, "Sans-Bold"), "#ffd166")
    centered(draw, 126, "Ciudad de Teruel", font(34), "white")
    draw.polygon([(320, 240), (150, 210), (150, 400), (320, 430)], fill="#ef476f")
    draw.polygon([(320, 240), (490, 210), (490, 400), (320, 430)], fill="#ffffff")
    centered(draw, 476, "Del 9 al 18 de mayo de 2025", font(34, "Sans-Bold"), "white")
    centered(draw, 538, "Plaza de la Fuente", font(32), "white")
    centered(draw, 596, "Todos los días de 11:00 a 21:00", font(30), "white")
    centered(draw, 660, "ENTRADA GRATUITA", font(36, "Sans-Bold"), "#ffd166")
    centered(draw, 736, "Taller infantil: sábados a las 12:30", font(28), "white")
    centered(draw, 800, "Firma de Nuria Belmonte: 15 de mayo", font(26), "white")
    save(image, "cartel")


def etiqueta_envio():
    image, draw = sheet(700, 660)
    draw.rectangle([16, 16, 684, 644], outline=INK, width=5)
    draw.rectangle([16, 16, 684, 96], fill="#d62828")
    draw.text((40, 34), "FRÁGIL", font=font(38, "Sans-Bold"), fill="white")
    draw.text((660, 42), "Volume 1 de 2", font=font(26), fill="white", anchor="ra")
    draw.text((40, 112), "REMETENTE", font=font(20), fill="#5c5c5c")
    draw.text((40, 142), "Livraria do Cais, Porto", font=font(26), fill=INK)
    rule(draw, 198, 16, 684, INK)
    draw.text((40, 212), "DESTINATÁRIO", font=font(20), fill="#5c5c5c")
    lines(draw, ["Tiago Meireles", "Rua das Oliveiras 48, 3.º Esq.", "3000-312 Coimbra"], 40, 244, 48, font(32, "Sans-Bold"))
    rule(draw, 404, 16, 684, INK)
    labelled(draw, 40, 418, "PESO", "1,85 kg", 28)
    labelled(draw, 250, 418, "ENTREGA ATÉ", "29/05/2025", 28)
    labelled(draw, 500, 418, "SERVIÇO", "24 horas", 28)
    rule(draw, 504, 16, 684, INK)
    x = 130
    for wide in [4, 2, 6, 3, 2, 5, 2, 4, 7, 2, 3, 5, 2, 6, 2, 4, 3, 2, 7, 4, 2, 5, 3, 6, 2, 4, 2, 3, 5, 4, 2, 6, 3, 5, 2, 4, 6, 3, 2, 5]:
        draw.rectangle([x, 520, x + wide - 1, 584], fill=INK)
        x += wide + 7
    centered(draw, 596, "PT 5520 8813", font(28, "Sans-Bold"))
    save(image, "etiqueta-envio")


def settings():
    image, draw = sheet(620, 980, "#f2f2f7")
    row(draw, 18, "9:47", "64%", font(24, "Sans-Bold"), 30, 590)
    draw.text((30, 66), "Settings", font=font(44, "Sans-Bold"), fill=INK)
    for at, (name, note, on) in enumerate([("Wi-Fi", "Larkspur_5G", True), ("Bluetooth", "Off", False), ("Mobile data", "On", True),
                                           ("Aeroplane mode", "Off", False), ("Dark mode", "Off", False), ("Location", "On", True)]):
        y = 146 + 90 * at
        draw.rectangle([0, y, 620, y + 86], fill="white")
        draw.text((30, y + 8), name, font=font(28), fill=INK)
        draw.text((30, y + 46), note, font=font(22), fill="#6b6b6b")
        draw.rounded_rectangle([506, y + 20, 590, y + 66], 23, fill="#34c759" if on else "#c7c7cc")
        left = 546 if on else 509
        draw.ellipse([left, y + 23, left + 40, y + 63], fill="white")
    for at, (name, value) in enumerate([("Storage used", "118 of 128 GB"), ("Language", "English (UK)"), ("Screen lock", "2 minutes"), ("Version", "14.2.1")]):
        y = 706 + 66 * at
        draw.rectangle([0, y, 620, y + 62], fill="white")
        row(draw, y + 14, name, value, font(27), 30, 590)
    save(image, "settings")


def weather_zh(face):
    image, draw = sheet(900, 500, "#e3f0fb")
    centered(draw, 14, "杭州 未来五天天气", face(36))
    for at, (day, sky, high, low, wind) in enumerate([("周一", "晴", 26, 17, "2级"), ("周二", "多云", 24, 16, "3级"), ("周三", "小雨", 20, 14, "3级"),
                                                      ("周四", "大雨", 18, 13, "5级"), ("周五", "晴", 23, 12, "2级")]):
        x = 98 + 176 * at
        draw.rounded_rectangle([x - 78, 84, x + 78, 480], 14, fill="white")
        centered(draw, 92, day, face(32), x=x)
        if sky == "晴":
            draw.ellipse([x - 36, 152, x + 36, 224], fill="#f7b500")
        else:
            draw.rounded_rectangle([x - 50, 176, x + 50, 212], 18, fill="#9aa7b4")
            draw.ellipse([x - 26, 154, x + 26, 206], fill="#9aa7b4")
            for drop in {"多云": [], "小雨": [-20, 20], "大雨": [-36, -12, 12, 36]}[sky]:
                draw.line([(x + drop, 218), (x + drop - 6, 238)], fill="#1d6fd1", width=4)
        centered(draw, 246, sky, face(32), x=x)
        centered(draw, 306, f"{high}°", face(38), "#c62828", x)
        centered(draw, 364, f"{low}°", face(34), "#1d4f91", x)
        centered(draw, 424, f"风力{wind}", face(27), x=x)
    save(image, "weather-zh")


def whiteboard():
    image, draw = sheet(900, 640, "#8a8f94")
    draw.rectangle([22, 22, 878, 618], fill="#fbfbfb")
    draw.text((60, 44), "MOVING DAY - Sat 6 June", font=font(36, "Sans-Bold"), fill="#1d4f91")
    for at, (task, who, done) in enumerate([("Book the van", "Priya", True), ("Pack the kitchen", "Tom", True), ("Cancel internet", "Tom", False),
                                            ("Return keys", "Lena", False), ("Label boxes", "Lena", True), ("Order pizza", "Priya", False)]):
        y = 120 + 66 * at
        draw.rectangle([60, y, 96, y + 36], outline=INK, width=4)
        if done:
            draw.line([(66, y + 18), (76, y + 30), (104, y - 8)], fill="#15803d", width=6)
        draw.text((124, y), task, font=font(30), fill=INK)
        draw.text((540, y), who, font=font(30), fill="#b91c1c")
    draw.text((60, 532), "Van is here 9:30, costs 85 pounds", font=font(29), fill="#15803d")
    save(image, "whiteboard")


def notice():
    image, draw = sheet(860, 720)
    draw.rectangle([0, 0, 860, 96], fill="#e0f2f1")
    draw.text((40, 24), "TUXIGAL 200 mg, comprimés", font=font(36, "Sans-Bold"), fill="#00695c")
    y = 116
    for title, texts in [("Posologie", ["Adultes : 1 comprimé matin et soir", "Enfants de 6 à 12 ans : un demi-comprimé par jour"]),
                         ("Durée", ["Ne pas dépasser 5 jours de traitement"]),
                         ("Contre-indications", ["Grossesse, allergie à l'ibuprofène"]),
                         ("Conservation", ["À moins de 25 °C, hors de portée des enfants"])]:
        draw.text((40, y), title, font=font(27, "Sans-Bold"), fill="#00695c")
        lines(draw, texts, 64, y + 42, 44, font(26))
        y += 42 + 44 * len(texts) + 22
    rule(draw, 656, 40, 820)
    draw.text((40, 672), "Boîte de 20 comprimés", font=font(24), fill=INK)
    save(image, "notice")


def calendar():
    image, draw = sheet(980, 740)
    draw.text((40, 18), "October 2025", font=font(40, "Serif-Bold"), fill="#8b1e3f")
    events = {2: "Dentist", 8: "Book club", 11: "Car wash", 14: "School visit", 17: "Fly to Rome", 20: "Fly home", 22: "Book club", 25: "Gran is 80",
              31: "Party"}
    for at, day in enumerate(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]):
        centered(draw, 84, day, font(25, "Sans-Bold"), x=40 + 129 * at + 64)
    for cell in range(35):
        x, y = 40 + 129 * (cell % 7), 124 + 118 * (cell // 7)
        draw.rectangle([x, y, x + 129, y + 118], outline=GRAY, width=2)
        day = cell - 1
        if 1 <= day <= 31:
            draw.text((x + 10, y + 6), str(day), font=font(25), fill="#8b1e3f" if cell % 7 == 6 else INK)
            draw.text((x + 64, y + 62), events.get(day, ""), font=font(18), fill="#1d4f91", anchor="ma")
    save(image, "calendar")


def shapes(name, items, paper):
    image, draw = sheet(760, 520, paper)
    for kind, color, x, y, r in items:
        if kind == "circle":
            draw.ellipse([x - r, y - r, x + r, y + r], fill=color)
        elif kind == "square":
            draw.rectangle([x - r, y - r, x + r, y + r], fill=color)
        else:
            draw.polygon([(x, y - r), (x - r, y + r), (x + r, y + r)], fill=color)
    save(image, name)


def tarifa(name, brand, data, price, bound, color):
    image, draw = sheet(600, 420)
    draw.rectangle([0, 0, 600, 96], fill=color)
    draw.text((36, 24), brand, font=font(40, "Sans-Bold"), fill="white")
    lines(draw, [data, "Llamadas ilimitadas", bound], 36, 122, 56, font(32))
    draw.text((564, 318), price, font=font(46, "Sans-Bold"), fill=color, anchor="ra")
    save(image, name)


def preisliste():
    image, draw = sheet(680, 640, "#fdf4f5")
    centered(draw, 24, "Salon Haarscharf", font(40, "Serif-Bold"), "#9d174d")
    centered(draw, 84, "Preise in Euro", font(24, "Serif"))
    rule(draw, 128)
    for at, (service, price) in enumerate([("Damenschnitt", "42,00"), ("Herrenschnitt", "26,50"), ("Kinder bis 12 Jahre", "15,00"), ("Färben", "58,00"),
                                           ("Waschen und Föhnen", "24,00"), ("Bartpflege", "12,50")]):
        row(draw, 150 + 60 * at, service, price, font(30, "Serif"), 50, 630)
    rule(draw, 520)
    centered(draw, 540, "Studenten erhalten 10 % Rabatt", font(26, "Serif-Bold"))
    centered(draw, 588, "Montags geschlossen", font(24, "Serif"))
    save(image, "preisliste")


def race():
    image, draw = sheet(900, 520)
    draw.rectangle([0, 0, 900, 72], fill="#14532d")
    draw.text((30, 18), "Riverside 10 km - Women, results", font=font(29, "Sans-Bold"), fill="white")
    rows = [("Place", "Bib", "Name", "Club", "Time"), ("1", "214", "Maeve Doyle", "Harriers", "38:12"), ("2", "87", "Ana Ruiz", "Fleet", "39:45"),
            ("3", "152", "Hana Sato", "Harriers", "40:03"), ("4", "301", "Kate Brown", "Comets", "41:27"), ("5", "66", "Zoe Klein", "Fleet", "42:10"),
            ("6", "178", "Ida Holm", "Harriers", "43:58")]
    grid(draw, rows, [(70, "ma"), (220, "ra"), (280, "la"), (540, "la"), (866, "ra")], 92, 60, 27)
    save(image, "race")


def trains_zh(face):
    image, draw = sheet(920, 520)
    draw.rectangle([0, 0, 920, 78], fill="#1565c0")
    draw.text((32, 16), "成都东 — 重庆北  10月1日", font=face(34), fill="white")
    rows = [("车次", "发车", "到达", "历时", "二等座"), ("G8505", "07:12", "08:45", "1小时33分", "146元"), ("G8611", "09:30", "10:50", "1小时20分", "154元"),
            ("D5103", "10:05", "12:09", "2小时04分", "96元"), ("G8643", "13:40", "15:02", "1小时22分", "158元"), ("D5117", "16:20", "18:31", "2小时11分", "92元")]
    for at, cells in enumerate(rows):
        for (x, anchor), cell in zip([(40, "la"), (310, "ra"), (470, "ra"), (700, "ra"), (880, "ra")], cells):
            draw.text((x, 96 + 68 * at), cell, font=face(30), fill="#1565c0" if at == 0 else INK, anchor=anchor)
        rule(draw, 150 + 68 * at, 32, 888, "#d5d5d5")
    save(image, "trains-zh")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cjk", required=True, help="a font with Japanese and Chinese characters")
    cjk = parser.parse_args().cjk
    for draw in [kassenbon, facture, cuenta_meson, recibo_drogaria, zugfahrplan, liga, etiquette_yaourt, extrato, freibad, subscribers, temps_ecran, cartel,
                 etiqueta_envio, settings, whiteboard, notice, calendar, preisliste, race]:
        draw()
    for draw in [conbini, kosuiryo, menu_ja]:
        draw(cjk_face(cjk, 0))
    for draw in [waimai, weather_zh, trains_zh]:
        draw(cjk_face(cjk, 2))
    red, blue, green, yellow = "#d62020", "#2050d0", "#1f9d3a", "#f2c80f"
    shapes("shapes-garden", [("circle", red, 150, 150, 100), ("square", blue, 400, 130, 60), ("circle", yellow, 620, 140, 55), ("triangle", green, 160, 400, 70),
                             ("circle", blue, 390, 390, 70), ("circle", red, 630, 400, 40)], "#ffffff")
    shapes("shapes-sand", [("square", red, 160, 140, 80), ("triangle", blue, 420, 140, 70), ("square", green, 630, 150, 50), ("triangle", red, 180, 390, 60),
                           ("square", yellow, 450, 390, 90)], "#f4ead2")
    tarifa("tarifa-luna", "Móvil Luna", "20 GB de datos", "14,90 €/mes", "Permanencia: 12 meses", "#1e3a8a")
    tarifa("tarifa-sol", "Móvil Sol", "35 GB de datos", "17,50 €/mes", "Sin permanencia", "#c2410c")


if __name__ == "__main__":
    main()
