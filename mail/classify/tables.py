"""Words of mail clients and servers in the languages of the people we write to."""

import re

#: Verbs of "On Monday Ada wrote:".
WROTE = (
    "wrote", "writes", "schrieb", "schreibt", "a écrit", "escribió", "ha scritto", "escreveu",
    "schreef", "skrev", "kirjoitti", "napisał", "napisał(a)", "napsal", "napísal", "написал",
    "написала", "пишет", "написав", "yazdı", "írta", "a scris", "έγραψε", "כתב", "كتب", "写道",
    "寫道", "のメール", "さんは書きました", "님이 작성", "đã viết", "menulis",
    "geschreven", "napisana przez", "pisze", "작성", "пише", "написа", "เขียนว่า", "napisao", "napisala", "rašė", "kirjutas",
    "rakstīja", "zitat von", "quoting",
)  # fmt: skip

#: What begins such a line; lower case would be the person's own "on".
OPENERS = (
    "On ", "Am ", "Le ", "El ", "Il ", "Em ", "No dia ", "Op ", "Den ", "På ", "Dnia ", "W dniu ", "W dn.", "Dne ",
    "Dňa ", "În ", "Στις ", "Vào ", "Pada ", "Dana ", "Ngày ", "Je ",
)  # fmt: skip

#: Words that a quoted mail's header lines begin with.
HEADER_WORDS = (
    "from", "sent", "date", "to", "cc", "subject", "reply-to",
    "von", "gesendet", "datum", "an", "betreff",
    "de", "envoyé", "date", "à", "objet",
    "enviado", "enviado el", "fecha", "para", "asunto", "assunto", "data",
    "da", "inviato", "a", "oggetto",
    "van", "verzonden", "aan", "onderwerp",
    "från", "skickat", "till", "ämne", "fra", "sendt", "til", "emne",
    "lähettäjä", "lähetetty", "vastaanottaja", "aihe",
    "od", "wysłano", "do", "temat", "odesláno", "komu", "předmět", "odoslané", "predmet",
    "от", "отправлено", "кому", "тема", "від", "надіслано",
    "gönderen", "kimden", "gönderildi", "gönderilmiş", "kime", "konu", "tarih",
    "enviada em", "enviada", "wysłane", "data", "kopia", "dw", "copie", "cc", "kopie", "trimis", "către", "subiect",
    "надіслано", "кому", "тема", "дата", "копия", "από", "στάλθηκε", "προς", "θέμα", "מאת", "נשלח", "אל", "נושא",
    "de la", "изпратено", "до", "относно", "šalje", "poslano", "predmet", "送信者", "发送日期", "보낸사람", "받는사람", "날짜", "dato", "päivä", "päiväys", "datum", "poslano", "za", "zadeva",
    "feladó", "elküldve", "címzett", "tárgy",
    "发件人", "发送时间", "收件人", "主题", "日期", "寄件者", "收件者", "主旨",
    "差出人", "送信日時", "宛先", "件名", "보낸 사람", "보낸 날짜", "받는 사람", "제목",
    "sujet", "pour", "copie à", "enviat", "per a", "assumpte", "prima", "poslato", "nuo", "išsiųsta", "kam", "no", "nosūtīts", "tēma",
    "saatja", "saadetud", "adressaat", "teema", "dari", "dikirim", "kepada", "subjek", "từ", "đã gửi", "đến", "tới", "ngày", "chủ đề",
    "จาก", "ส่ง", "วันที่", "ถึง", "เรื่อง", "من", "تم الإرسال", "التاريخ", "إلى", "الموضوع",
)  # fmt: skip

#: Of them, those that name the subject: every mail client writes one of these.
SUBJECT_WORDS = frozenset(
    "subject betreff objet asunto assunto oggetto onderwerp ämne emne aihe temat předmět predmet тема относно konu "
    "tárgy subiect θέμα נושא zadeva 主题 主旨 件名 제목 sujet assumpte tēma teema subjek เรื่อง الموضوع".split()
) | {"chủ đề"}

#: And those that say when it was sent, which no list of a person's own has.
SENT_WORDS = frozenset(
    "sent gesendet envoyé enviado inviato verzonden skickat sendt lähetetty wysłano wysłane odesláno odoslané отправлено "
    "надіслано gönderildi trimis στάλθηκε נשלח elküldve enviada 发送时间 送信日時 enviat poslano poslato išsiųsta nosūtīts "
    "saadetud dikirim ส่ง".split()
) | {"đã gửi", "تم الإرسال"}

#: Between dashes or underscores: everything behind is the mail that was answered.
ORIGINAL = (
    "original message", "original appointment", "forwarded message", "ursprüngliche nachricht",
    "originalnachricht", "weitergeleitete nachricht", "message d'origine", "message original",
    "mensaje original", "messaggio originale", "mensagem original", "oorspronkelijk bericht",
    "ursprungligt meddelande", "oprindelig meddelelse", "oprindelig besked", "original besked", "opprinnelig melding",
    "alkuperäinen viesti", "wiadomość oryginalna", "původní zpráva", "исходное сообщение",
    "originální zpráva", "özgün ileti", "eredeti üzenet", "原始邮件", "原始郵件",
    "元のメッセージ", "원본 메시지", "reply message", "mail original",
)  # fmt: skip

#: Apple's line above what it passes on.
FORWARDED = frozenset(
    {
        "begin forwarded message", "anfang der weitergeleiteten nachricht", "début du message réexpédié", "début du message transféré",
        "inicio del mensaje reenviado", "inizio messaggio inoltrato", "início da mensagem reencaminhada", "início da mensagem encaminhada",
        "begin doorgestuurd bericht", "vidarebefordrat brev", "start på videresendt besked", "videresendt melding", "välitetty viesti alkaa",
        "początek przekazywanej wiadomości", "začátek přeposílané zprávy", "začiatok preposlanej správy", "továbbított üzenet kezdete",
        "mesaj redirecționat", "započinje proslijeđena poruka", "начало переадресованного сообщения", "початок листа, що пересилається",
        "i̇letilen e-posta başlangıcı", "αρχή προωθημένου μηνύματος", "転送されたメッセージ", "开始转发的邮件", "開始轉寄郵件", "전달된 메시지 시작",
    }
)  # fmt: skip

#: A line that a phone adds; it is no text of the person.
SENT_FROM = (
    "sent from my", "sent from mail for", "sent from outlook", "get outlook for",
    "von meinem", "gesendet mit", "gesendet von", "envoyé de mon", "envoyé depuis",
    "enviado desde mi", "enviado do meu", "inviato da", "verzonden vanaf mijn",
    "skickat från min", "sendt fra min", "wysłane z", "отправлено с", "lähetetty",
    "发自我的", "iphoneから送信", "sent via", "sent with", "sent by", "envoyé avec", "enviado desde", "enviado con",
    "inviato dal", "inviato con", "enviado via", "verstuurd vanaf", "verzonden met", "skickat från", "sendt fra",
    "lähetetty", "odesláno z", "poslano z", "wysłano z", "отправлено из", "надіслано з", "gönderildi", "telefonumdan",
    "küldve", "发送自", "나의", "내", "이메일", "trimis de pe",
    "télécharger outlook", "obtenir outlook", "obtener outlook", "descargar outlook", "scarica outlook",
    "ottieni outlook", "obter o outlook", "obter outlook", "baixar outlook", "outlook für", "outlook voor",
    "download outlook", "hent outlook", "hämta outlook", "pobierz outlook", "lataa outlook", "získat outlook",
    "получить outlook", "скачать outlook", "获取 outlook", "下载 outlook", "outlook を",
)  # fmt: skip

#: The same, where it has to stand alone: a person's own sentence may begin like this, too.
SENT_FROM_ALONE = (
    "sent from ", "diese nachricht wurde von meinem", "holen sie sich outlook", "von samsung", "envoyé à partir de", "enviado do ", "enviado de ",
    "skickas från", "skickat med", "verzonden vanuit", "verstuurd met", "sendt via", "odesláno ", "odoslané z", "poslano s ", "enviat des d",
    "dikirim dari", "изпратено от", "στάλθηκε από", "נשלח מ", "أُرسل", "ส่งจาก", "đã gửi từ", "從我的", "从我的", "kirim dari",
)  # fmt: skip
#: How such a line ends where the device stands first.
SENT_BEHIND = ("gönderildi", "küldve", "から送信", "에서 보냄", "发送", "傳送", "gesendet")

#: What such a line names; without one of these it may well be the person's own sentence.
DEVICE = re.compile(
    r"iphon|ipad|ipod|android|galaxy|samsung|outlook|blackberry|huawei|xiaomi|redmi|oneplus|pixel|nokia|motorola|\bhtc\b|sony|xperia"
    r"|mobil|phone|handy|tablet|telefon|teléfono|móvil|celular|telefoon|телефон|smartphone|yahoo|proton|gmx|web\.de|\bmail (for|för|für|app)"
    r"|superhuman|\bgmail|\b(front|hey|shortwave|missive|mailbird|bluemail)$|application mail|windows|spark|airmail|aqua mail|k-9|thunderbird|myMail|mail\.ru|яндекс|手机|携帯|휴대폰",
    re.IGNORECASE,
)

#: Subjects of automatic replies begin like this.
AUTO_SUBJECT = (
    "automatic reply", "auto reply", "auto-reply", "autoreply", "auto response", "auto-response",
    "automated reply", "automatic response", "out of office", "out of the office",
    "out-of-office", "ooo:", "ooo re:",
    "automatische antwort", "abwesenheit", "abwesend", "nicht im büro", "außer haus",
    "réponse automatique", "absence du bureau", "réponse d'absence", "respuesta automática",
    "respuesta automatica", "fuera de la oficina", "risposta automatica",
    "fuori sede", "fuori ufficio", "resposta automática", "resposta automatica",
    "fora do escritório", "ausência", "automatisch antwoord", "afwezig", "autosvar",
    "automatiskt svar", "automatisk svar", "frånvaro", "fravær", "automaattinen vastaus",
    "odpowiedź automatyczna", "automatyczna odpowiedź", "autoodpowiedź", "automatická odpověď", "автоответ",
    "автоматический ответ", "otomatik yanıt", "automatikus válasz", "自动回复", "自動回覆",
    "自動返信", "不在", "자동 회신", "부재중", "trả lời tự động", "автоматична відповідь", "αυτόματη απάντηση",
    "răspuns automat", "odsutný", "nepřítomen", "nieobecność", "balasan otomatis", "תגובה אוטומטית", "رد تلقائي",
    "abwesenheitsnotiz", "respuesta de ausencia", "i am out of", "i'm out of", "i am away", "autosvar",
    "notification d'absence", "message d'absence", "avviso di assenza", "自动答复", "自動応答", "休假",
)  # fmt: skip

#: These begin other subjects, too: such a mail has to answer one, or to speak of an absence.
PERHAPS_AUTO_SUBJECT = (
    "auto:", "vacation", "on vacation", "on holiday", "i'm on ", "i am on ", "away from", "absent", "ausente", "assente", "poissa",
)  # fmt: skip

#: They stand anywhere in the subject of an automatic reply: "Grace Hopper is out of the office".
AUTO_IN_SUBJECT = re.compile(
    r"\bout[ -]of[ -](the[ -])?office\b|\bauto[ -]?(reply|response|responder)\b|\bautomat(ic|ed) (reply|response|acknowledge?ment)\b"
    r"|\bvacation (reply|response|message|notice)\b|\bist (zur ?zeit |derzeit )?(außer haus|abwesend|nicht im (büro|hause?))"
    r"|abwesenheits(notiz|nachricht|meldung|benachrichtigung)|\best absente?\b|\b(está|estaré) (ausente|fuera)\b|\bè (assente|fuori)"
    r"|\bis (afwezig|op vakantie)\b|\bär (inte på kontoret|frånvarande)|\b(er|är) (ikke|inte) på kontoret\b",
    re.IGNORECASE,
)
#: What machines say of their own mail; a person may ask for automatic replies, but is none.
SAYS_AUTOMATIC = re.compile(
    r"\bthis is an? (auto-?mat(ed|ic)|auto-?generated|automatically generated)\b|\bautomatically generated (reply|response|e-?mail|message)"
    r"|\b(reply|response|e-?mail|message) (is|was|has been) (automatically (generated|sent)|generated automatically)\b"
    r"|\bdies(e e-?mail)? ist eine automatisch|\bautomatisch (generierte|erstellte|erzeugte) (antwort|nachricht|e-?mail)"
    r"|\bceci est un(e|) (réponse|message|courriel) automatique|\besta? es un[a]? (respuesta|mensaje) automátic|\bquest[ao] è una? (risposta|messaggio) automatic"
    r"|\best[ae] é uma (resposta|mensagem) automática|\bdit is een automatisch|\bdet(ta|te) (är|er) (ett?|en) automatisk|\btämä on automaattinen"
    r"|\bto (jest )?automatyczna|\bwygenerowan[ay] automatycznie|\btoto je automatick|\bэто автоматическ|\bце автоматичн|\bbu (bir )?otomatik"
    r"|\bez (egy )?automatikus|\bacesta este un (răspuns|mesaj) automat|\bαυτή είναι (μια )?αυτόματη|このメールは(システムより)?自動|此(邮件|郵件)?(为|是|由)?(系统|系統)?自(动|動)|이 (메일|메시지)(은|는) 자동",
    re.IGNORECASE,
)
#: Somebody is away. Persons write so, too: it counts where a machine left its mark as well.
ABSENCE = re.compile(
    r"\bout of (the )?office\b|\booo\b|\baway (until|from)\b|\bon (\w{1,12} )?(leave|vacation|holidays?)\b|not be reading my (e-?)?mail|limited access to (my )?e-?mail"
    r"|\burlaub|\babwesend|nicht im (büro|hause?)\b|außer haus|elternzeit|en congés?\b|\babsente?\b|\bvacances|\bvacaciones|fuera de la oficina|\bausente|\b(in|på|på) ferie"
    r"|\bassente|fuori (ufficio|sede)|\bférias|\bvakantie|\bafwezig|\bsemester\b|\blomalla|\burlop|\bdovolen|отпуск|відпустц|\bizin(li|de)|szabadság|\bconcediu|άδεια|διακοπές"
    r"|休暇|不在|休假|휴가|부재|\bcuti\b|nghỉ phép",
    re.IGNORECASE,
)
#: How the subject of an answer, or of what is passed on, begins.
ANSWERING = re.compile(
    r"\s{0,20}(re|aw|sv|antw|vs|odp|ynt|fwd?|wg|tr|rv|res|enc|i)\s{0,3}(\[\d{1,3}\])?:",
    re.IGNORECASE,
)
#: Addresses whose mail nobody answers.
NOBODY = re.compile(
    r"\b(no|not|donot|do-not|do_not)[-_.]?reply\b|^quarantine\b|^notifications?\b|^mailer-daemon\b",
    re.IGNORECASE,
)

#: What a return date stands behind: from that day on, and up to and including that day.
BACK = re.compile(
    r"\b(back|return(ing|s)?|available again|in the office again|reach me again|reopen\w{0,3}|resume\w{0,2}|zurück|wieder (erreichbar|im büro|da)"
    r"|kehre|de retour|retour|reprend\w{0,4}|revien\w{1,5}|reviendr\w{1,5}|rentre\w{0,4}|de nouveau|de vuelta|regres\w{1,6}|volver\w{1,4}|vuelv\w{1,4}|reincorpor\w{1,6}"
    r"|ritorn\w{1,6}|rientr\w{1,6}|torner\w{1,3}|torn[oa]|nuovamente|di ritorno|de volta|volto|retorn\w{1,6}|retom\w{1,6}|novamente"
    r"|terug|weer|tillbaka|åter|tilbake|tilbage|igjen|igen|takaisin|palaan|jälleen|töissä|tavoitettavissa|wracam|wrócę|powr\w{1,6}|dostępn[ya]|zpět|vrátím|budu (zpět|opět|v )|вернусь|буду(?! (отсутств|в отпуск|недоступ|не ))|выйду|выхожу|повернусь|επιστρέψω|επιστρέφω|revin|mă întorc|trở lại|quay lại|kembali|reven\w{1,4}|vratit|vraćam|nazaj|späť|grįšiu|tagasi|връщам|אחזור|חוזר\w{0,2}|سأعود|العودة)\b"
    r"|\b(not before|nicht vor|avant|no antes del?|non prima del?|niet voor|ikke før|inte före|не раньше)\b|から|กลับ",
    re.IGNORECASE,
)
#: From that day on something begins: work, or the absence itself.
SINCE = re.compile(
    r"\b(from|starting|as of|ab( dem)?|à partir du|a partir del?|dal|vanaf|från|fra|od|alkaen|с)\b",
    re.IGNORECASE,
)
UNTIL = re.compile(
    r"\b(until|till|through|thru|to|bis( einschließlich| zum)?|jusqu'au|au|hasta( el)?|al|fino all?|até|a|tot( en met)?"
    r"|t/m|till och med|t\.o\.m\.?|til( og med)?|do|až do|до|по|până( pe| la)?|έως|μέχρι|đến( hết)?|sampai( dengan)?|hingga|s\.d\.|iki|kuni|حتى|עד)\b"
    r"|\b(between\b.{3,25}\band|zwischen\b.{3,25}\bund|entre\b.{3,25}\b(et|y|e))\b|至|到|ถึง",
    re.IGNORECASE,
)
#: The same where the words stand behind the date.
BACK_BEHIND = re.compile(
    r"\s?(日|号)?(\(\w\))?\s?(から|より|以降|に(戻|復帰|出社)|(返回|回来|恢复|回到)|에 ?(복귀|돌아)|부터)|-?(á|é)?n\b[^.\n]{0,20}(vissza|térek|újra|ismét|elérhető)"
    r"|[^.\n]{0,25}\b(wieder|zurück|back|terug|weer|tillbaka|tilbage|tilbake|palaan|takaisin|dönü\w{1,5}|dönec\w{1,6}|döner\w{0,3}|ofiste\w{0,4}|itibaren)\b",
    re.IGNORECASE,
)
UNTIL_BEHIND = re.compile(
    r"(\(\w\))?\s?(まで|止|까지|为止)|-?ig\b|[^.\n]{0,15}\b(kadar|asti|saakka)\b", re.IGNORECASE
)
TOMORROW = re.compile(
    r"\b(tomorrow|morgen|demain|mañana|domani|amanhã|imorgon|i morgon|i morgen|huomenna|jutro|zítra|завтра)\b|明日|明天|내일",
    re.IGNORECASE,
)

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan januar janvier enero gennaio janeiro januari ene gen stycznia styczeń ledna leden января січня ocak ianuarie ιανουαρίου tammikuuta siječnja januarja januára януари sausio jaanuar มกราคม يناير ינואר",
            "february feb februar février fevrier febrero febbraio fevereiro februari fév fev lutego luty února únor февраля лютого şubat februarie φεβρουαρίου helmikuuta február február veljače februarja februára февруари vasario veebruar กุมภาพันธ์ فبراير פברואר",
            "march marts maret mar märz maerz mars marzo março marco maart mrz mär marca marzec března březen марта березня mart martie μαρτίου maaliskuuta március mars ožujka март kovo märts มีนาคม مارس מרץ",
            "april apr avril abril aprile avr abr kwietnia kwiecień dubna duben апреля квітня nisan aprilie απριλίου huhtikuuta április april travnja aprila apríla април balandžio aprill เมษายน أبريل אפריל",
            "may mai mayo maggio maio mei maj mag maja maj května květen мая травня mayıs μαΐου toukokuuta május svibnja mája май gegužės พฤษภาคม مايو מאי",
            "june jun juni juin junio giugno junho giu czerwca czerwiec června červen июня червня haziran iunie ιουνίου kesäkuuta június lipnja junija júna юни birželio juuni มิถุนายน يونيو יוני",
            "july jul juli juillet julio luglio julho lug lipca lipiec července červenec июля липня temmuz iulie ιουλίου heinäkuuta július srpnja julija júla юли liepos juuli กรกฎาคม يوليو יולי",
            "august agustus aug août aout agosto augustus augusti ago sierpnia sierpień srpna srpen августа серпня ağustos αυγούστου elokuuta augusztus kolovoza avgusta augusta август rugpjūčio สิงหาคม أغسطس אוגוסט",
            "september sep sept septembre septiembre settembre setembro set września wrzesień září сентября вересня eylül septembrie σεπτεμβρίου syyskuuta szeptember rujna septembra септември rugsėjo กันยายน سبتمبر ספטמבר",
            "october oct oktober octobre octubre ottobre outubro okt ott out października październik října říjen октября жовтня ekim octombrie οκτωβρίου lokakuuta október oktobra októbra октомври spalio oktoober ตุลาคม أكتوبر אוקטובר",
            "november nov novembre noviembre novembro listopada listopad listopadu ноября листопада kasım noiembrie νοεμβρίου marraskuuta studenoga novembra ноември lapkričio พฤศจิกายน نوفمبر נובמבר",
            "december dec dezember décembre decembre diciembre dicembre dezembro desember dez dic grudnia grudzień prosince prosinec декабря грудня aralık decembrie δεκεμβρίου joulukuuta prosinca decembra декември gruodžio detsember ธันวาคม ديسمبر דצמבר",
        ),
        start=1,
    )
    for name in names.split()
}
WEEKDAYS = {
    name: number
    for number, names in enumerate(
        (
            "monday montag lundi lunes lunedì segunda-feira maandag måndag mandag maanantaina poniedziałek pondělí понедельник pazartesi",
            "tuesday dienstag mardi martes martedì terça-feira dinsdag tisdag tirsdag tiistaina wtorek úterý вторник salı",
            "wednesday mittwoch mercredi miércoles mercoledì quarta-feira woensdag onsdag keskiviikkona środę středu среду çarşamba",
            "thursday donnerstag jeudi jueves giovedì quinta-feira donderdag torsdag torstaina czwartek čtvrtek четверг perşembe",
            "friday freitag vendredi viernes venerdì sexta-feira vrijdag fredag perjantaina piątek pátek пятницу cuma",
            "saturday samstag samedi sábado sabato zaterdag lördag lørdag lauantaina sobotę sobotu субботу cumartesi",
            "sunday sonntag dimanche domingo domenica zondag söndag søndag sunnuntaina niedzielę neděli воскресенье pazar",
        )
    )
    for name in names.split()
}
