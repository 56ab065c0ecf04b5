"""What people answer to a sales email, in the languages of those we write to.

Clear words decide; hints alone leave it to a person. Every repetition is bounded, so that the time
stays linear.
"""

import re

#: What NOT stands for below, before a word that must not turn the meaning round: "we are not that interested".
_NOT = r"(?!(?:not|never|no|nicht|keine?|keinen|pas|plus|non|não|nao|niet|geen|nie|inte|ikke|ingen|en|nemáme|не)\b)"


def _any(*phrases: str) -> re.Pattern[str]:
    whole = "|".join(rf"(?<!\w)(?:{phrase})(?!\w)" for phrase in phrases)
    return re.compile(whole.replace("(?:NOT", f"(?:{_NOT}"), re.IGNORECASE)


_WORDS = r"(?:\w{1,20} ){0,3}"

#: In this order, the first of several decides, and what a longer phrase contains does not count.
CLEAR = {
    "referral": _any(
        # en
        r"(?:please |kindly |better |best |you should |you can |you could |you may want to )+(?:contact|reach out to|speak (?:to|with)|talk (?:to|with)|write to|get in touch with|connect with|ask|e-?mail)(?= \w)(?! (?:me|us|you|again|support)\b)",
        rf"(?:i|we)(?:'ve| have|'m|'ll| will| am)? (?:forward(?:ed|ing)?|pass(?:ed|ing)?|refer(?:red|ring)?|copied|copying|cc'?d|cc'?ing|added|adding|loop(?:ed|ing)? in|introduc(?:e|ed|ing)) {_WORDS}(?:to |in )?(?:my |our |a |the )?(?:colleague|boss|manager|team|head|director|[\w.+-]{{1,60}}@[\w.-]{{1,60}})",
        "refer you to", "put you in touch with", "(?:the )?(?:right|best|correct) (?:person|contact|one)(?: for this| here| to (?:talk|speak|write) to| to contact)? (?:is|would be|will be)",
        r"my (?:colleague|successor|boss|manager),? \w{2,30}(?: \w{2,30})?,? (?:is|handles|looks after|takes care|will|would|can|deals)",
        # de
        r"(?:wenden|melden) sie sich (?:bitte |doch |am besten |besser )*(?:an|bei)", r"(?:bitte |am besten )?(?:kontaktieren|schreiben|fragen) sie (?:bitte |doch )*(?:an |bei )?(?:meine[nmr]?|unsere[nmr]?|herrn?|frau)",
        r"(?:ist|wäre) (?:mein|meine|unser|unsere) (?:kollege|kollegin|nachfolger|nachfolgerin|chef|chefin)", r"(?:ansprechpartner(?:in)?|zuständig)(?: \w{1,20}){0,3} (?:ist|wäre) (?:herr|frau|mein|meine|unser|unsere)",
        r"(?:habe|hab|haben) (?:ich |wir )?(?:ihre |deine |die )?(?:mail|e-mail|nachricht|anfrage) (?:an \w{1,20} ){1,3}(?:\w{1,20} ){0,3}weitergeleitet", "(?:leite|leiten) (?:ich |wir )?(?:ihre|deine|die|das) (?:\\w{1,20} ){0,5}weiter",
        # fr
        r"(?:veuillez|merci de|vous pouvez|je vous invite à|contactez|voyez) (?:plutôt |donc )?(?:contacter|vous adresser à|joindre|écrire à|avec) ?(?:mon|ma|notre|m\.|mme|monsieur|madame)?", r"(?:adressez|tournez)-vous (?:plutôt )?(?:à|vers)", r"contactez (?:plutôt )?(?:mon|ma|notre|m\.|mme|monsieur|madame)",
        r"je transmets (?:\w{1,20} ){0,3}à (?:mon|ma|notre)", r"(?:la bonne personne|le bon interlocuteur|la bonne interlocutrice)(?: \w{1,20}){0,3} (?:est|serait)", r"mon collègue|ma collègue",
        # es
        r"(?:por favor,? )?(?:contacte|contacta|contactar|escriba|escribe|hable|habla|póngase en contacto|ponte en contacto|diríjase|dirígete) (?:con|a)(?! nosotros)", r"la persona (?:adecuada|correcta|indicada|responsable)(?: \w{1,20}){0,3} es", r"mi (?:compañer[oa]|colega|jef[ea])",
        r"(?:he |hemos )?(?:reenvi(?:ado|é|o)|pas(?:ado|é|o)) (?:\w{1,20} ){0,3}(?:correo|mensaje|email) (?:\w{1,20} ){0,2}a (?:mi|nuestr[oa])",
        # it
        r"(?:la prego di |può |puoi |vi prego di |si prega di )?(?:contattare|contatti|contatta|contattate|rivolgersi|si rivolga|scrivere|scriva|scrivi|parlare|parli) (?:a |al |alla |con )?(?:il |la )?(?:mio|mia|nostro|nostra|sig\.|signor[ea]?|dott\.|collega)",
        r"la persona (?:giusta|corretta|di riferimento)(?: \w{1,20}){0,3} è", r"(?:il mio|la mia) collega", r"(?:ho )?(?:inoltrato|inoltro|girato|giro) (?:\w{1,20} ){0,4}(?:al|alla) (?:mio|mia|nostro|nostra)? ?(?:collega|responsabile)",
        # pt
        r"(?:por favor,? )?(?:contacte|contate|contatar|contactar|fale|falar|entre em contato|entrar em contato|escreva|procure) (?:com |o |a |para )+(?:meu|minha|nosso|nossa|sr\.?|sra\.?|colega|[A-ZÀ-Ý])", r"a pessoa (?:certa|correta|indicada|responsável)(?: \w{1,20}){0,3} é", r"(?:o meu|a minha|meu|minha) colega", r"encaminhei",
        # nl
        r"(?:neem|neemt u|kunt u|je kunt|u kunt) (?:\w{1,20} ){0,3}(?:contact (?:opnemen )?(?:op )?met|terecht bij|mailen naar)", r"de juiste (?:persoon|contactpersoon)(?: \w{1,20}){0,3} is", r"mijn collega", r"(?:doorgestuurd|doorgezet) (?:naar|aan)",
        # pl
        r"(?:proszę|prosimy) (?:o kontakt z|skontaktować się z|pisać do|kontaktować się z)", r"(?:właściwą|odpowiednią) osobą(?: \w{1,20}){0,3} jest", r"(?:mój kolega|moja koleżanka|moim kolegą|moją koleżanką)", r"przekaza(?:łem|łam|liśmy) (?:\w{1,20} ){0,4}do",
        # sv da no fi cs
        r"(?:kontakta|kontakt|kontakte|tag kontakt(?: \w{1,9})? (?:til|med)|ta kontakt med|ta kontakt) (?:gärna |venligst |gjerne |heller |hellere |istället )*(?:min|vår|vores|med)", r"min kolle(?:ga|ge)", r"kollega(?:ni|lleni|amme)", r"(?:obraťte se|kontaktujte) (?:prosím )?(?:na )?(?:kolegu|kolegyni|mého|mou|pana|paní)",
    ),
    "wrong_person": _any(
        r"(?:i am |i'm |you(?:'ve| have) (?:got|reached|contacted) )?(?:not|isn't|wasn't) (?:really )?the (?:right|best|correct|appropriate) (?:person|contact|one)", r"(?:got|have|reached|contacted) the wrong (?:person|contact|guy|department)", r"wrong (?:person|department|contact)", r"(?:i am |i'm |we are |we're )?(?:not|no longer) (?:responsible|in charge|involved|the one) (?:for|of|in|who)",
        r"(?:do not|don't|no longer) (?:handle|deal with|manage|look after|take care of|work (?:at|for|in))", r"not (?:my|our) (?:area|department|responsibility|decision|remit|field)", r"(?:i|he|she) (?:have |has |'ve )?(?:left|retired|no longer works?)(?: from| at| for| here| the company)?",
        r"nicht (?:der |die )?(?:richtige[rn]?|zuständig|verantwortlich|passende[rn]?)(?: (?:ansprech)?(?:person|partner|partnerin|adresse|kontakt))?", r"(?:bin|sind) (?:\w{1,20} ){0,4}nicht (?:mehr )?(?:zuständig|verantwortlich)", r"falsche[rn]? (?:ansprechpartner(?:in)?|adresse|person|abteilung)", r"nicht mein(?:e)? (?:bereich|zuständigkeit|abteilung|aufgabe)",
        r"(?:pas|plus) (?:la bonne personne|le bon (?:interlocuteur|contact)|la bonne interlocutrice|en charge|responsable|concernée?)", r"(?:mauvaise personne|mauvais interlocuteur)",
        r"no soy (?:la persona|el responsable|la responsable|quien)", r"persona equivocada", r"no (?:me encargo|llevo|soy responsable)", r"ya no trabajo",
        r"non sono (?:io )?(?:la persona|il responsabile|la responsabile|il referente)", r"persona sbagliata", r"non (?:me ne occupo|mi occupo|lavoro più)",
        r"(?:não|nao) sou (?:a pessoa|o responsável|a responsável|eu quem)", r"pessoa errada", r"(?:não|nao) (?:cuido|trato|trabalho mais)",
        r"niet de (?:juiste|goede|aangewezen) (?:persoon|contactpersoon)", r"verkeerde (?:persoon|afdeling|contactpersoon)", r"(?:ben|ga) (?:ik )?(?:\w{1,20} ){0,3}niet (?:verantwoordelijk|over)",
        r"nie jestem (?:właściwą|odpowiednią) osobą", r"nie (?:zajmuję się|odpowiadam za|jestem odpowiedzialn[ya])", r"niewłaściwa osoba",
        r"inte rätt (?:person|kontakt)", r"ikke (?:den )?rette (?:person|kontakt)?", r"ikke rett person", r"fel person", r"en ole oikea (?:henkilö|yhteyshenkilö)", r"nejsem (?:správná|ta správná) osoba",
    ),
    "declined": _any(
        rf"(?:not|no longer|isn't|aren't|am not|never) {_WORDS}interested", r"no interest", r"(?:no|nope),? (?:thanks|thank you)", r"thanks,? but no(?:,? thanks)?", r"not (?:for|relevant (?:for|to)|of interest (?:for|to)?|a (?:good )?fit|something|a match|needed|required|looking)(?: \w{1,20}){0,3}", r"(?:we|i)(?:'ll| will| would|'d)? (?:have to |like to )?(?:pass|decline)(?: on this)?", r"(?:do not|don't|no) (?:see (?:a|the|any) )?(?:need|require)(?: for)?(?: \w{1,20}){0,2}", r"we(?:'re| are) (?:all )?(?:good|fine|set)", r"please stop", r"(?:i|we) must decline",
        r"kein(?:e|en)? (?:\w{1,20} ){0,2}(?:interesse|bedarf|verwendung)", r"nicht (?:\w{1,20} ){0,2}(?:interessiert|interessant|relevant|in frage|notwendig)", r"nein,? danke", r"(?:lehnen|lehne) (?:\w{1,20} ){0,3}ab", r"danke,? (?:aber )?nein",
        r"(?:pas|plus|aucunement) (?:du tout )?(?:intéressée?s?|d'intérêt|besoin)", r"aucun (?:intérêt|besoin)", r"non,? merci", r"sans intérêt", r"ne (?:m'|nous )intéresse (?:pas|plus)", r"(?:pas|plus) (?:de )?besoin",
        r"no (?:\w{1,20} ){0,2}interesad[oa]s?", r"(?:no|sin) (?:me |nos |tengo |tenemos )?(?:interesa|interés)", r"no,? gracias", r"no (?:lo )?necesit(?:o|amos)",
        r"non (?:\w{1,20} ){0,3}interessat[oaie]", r"nessun interesse", r"no,? grazie", r"non (?:ci |mi )interessa", r"non (?:ne )?abbiamo bisogno",
        r"(?:não|nao|sem) (?:\w{1,20} ){0,3}(?:interessad[oa]s?|interesse|interessa)", r"(?:não|nao),? obrigad[oa]", r"(?:não|nao) precisamos",
        r"geen (?:\w{1,20} ){0,2}(?:interesse|belangstelling|behoefte)", r"niet (?:\w{1,20} ){0,2}(?:geïnteresseerd|interessant|nodig)", r"nee,? (?:bedankt|dank (?:u|je))",
        r"nie (?:\w{1,20} ){0,3}zainteresowan[iyae]", r"(?:nie,? dziękuj(?:ę|emy))", r"(?:brak|nie ma(?:m|my)) zainteresowania", r"nie potrzebuj(?:ę|emy)",
        r"(?:inte|ikke|ikkje) (?:\w{1,20} ){0,2}(?:intresserade?|interessert|interesseret|aktuellt|aktuelt|relevant)", r"nej,? tack", r"nej,? tak", r"nei,? takk", r"(?:emme|en) ole (?:\w{1,20} ){0,2}kiinnostun\w{1,4}", r"ei kiitos", r"(?:nemáme|nemám) zájem", r"ne,? děkuj[ie]",
        r"не (?:\w{1,20} ){0,2}интерес\w{1,8}", r"нет,? спасибо", r"ilgilenmiyor\w{0,5}", r"没有?兴趣", r"興味(?:が|は)?(?:あり)?ません", r"関心がありません",
    ),
    "has_solution": _any(
        r"(?:already|currently|presently) (?:have|use|using|work(?:ing)? with|got|covered|partner(?:ed)? with|in place|under contract|set up)(?: \w{1,20}){0,3}", r"(?:happy|satisfied|pleased|content) with (?:our|the|what|my)", r"(?:have|use|using) (?:our own|an in-?house|an existing|another|a similar)(?: \w{1,20}){0,2}", r"built (?:it |this |our own )?(?:in-?house|ourselves)", r"(?:under|locked into|tied to) (?:a )?contract", r"(?:just|recently) (?:signed|switched|implemented|bought|renewed)(?: \w{1,20}){0,2}", r"existing (?:provider|supplier|vendor|solution|tool|partner)",
        r"(?:haben|nutzen|verwenden|setzen|arbeiten) (?:\w{1,20} ){0,3}(?:bereits|schon)", r"(?:bereits|schon) (?:\w{1,20} ){0,4}(?:lösung|anbieter|tool|system|partner|lieferanten|im einsatz|versorgt)", r"zufrieden mit", r"sind (?:\w{1,20} ){0,4}zufrieden", r"vertraglich gebunden", r"eigene (?:lösung|entwicklung)",
        r"(?:avons|ai|utilisons|utilise|travaillons|disposons|sommes) (?:\w{1,20} ){0,2}déjà", r"déjà (?:\w{1,20} ){0,3}(?:solution|outil|prestataire|fournisseur|partenaire|équipée?s?)", r"satisfaits? (?:de|avec)", r"sous contrat",
        r"ya (?:tenemos|contamos|usamos|utilizamos|trabajamos|disponemos|tengo)", r"(?:contentos|satisfechos) con",
        r"(?:abbiamo|usiamo|utilizziamo|lavoriamo|disponiamo) (?:\w{1,20} ){0,1}già", r"già (?:un|una|il|la) (?:\w{1,20} ){0,2}(?:soluzione|fornitore|sistema|partner|strumento)", r"soddisfatti (?:di|del|della|con)",
        r"já (?:temos|usamos|utilizamos|trabalhamos|contamos|possuímos|tenho)", r"satisfeitos com",
        r"(?:hebben|gebruiken|werken) (?:\w{1,20} ){0,2}(?:al|reeds)", r"tevreden (?:met|over)", r"(?:al|reeds) (?:een|voorzien)(?: \w{1,20}){0,2}",
        r"(?:mamy już|już mamy|już korzystamy|korzystamy już|używamy już|już używamy|już współpracujemy)", r"zadowoleni z",
        r"(?:har|använder|bruger|bruker) (?:redan|allerede)", r"nöjda med", r"tilfredse? med", r"fornøyde? med", r"meillä on jo", r"(?:už máme|máme už|již máme|už používáme)",
        r"уже (?:есть|используем|работаем|пользуемся)", r"已经有", r"すでに(?:導入|利用|使用)",
    ),
    "price": _any(
        r"(?:too|very|quite|rather|so|bit) (?:expensive|pricey|costly|much (?:money)?)", r"(?:no|not (?:in|within|have the)|outside|over|beyond|exceeds?|tight|limited|cut|small|without|(?:do not|don't) have (?:a|the|any)?) ?(?:our |the |a |my )?budgets?(?: \w{1,20}){0,3}", r"budgets? (?:is|are|has been|have been|was|were) (?:\w{1,20} ){0,2}(?:tight|cut|frozen|limited|exhausted|spent|allocated|gone|used up)", r"(?:can't|cannot|can not|couldn't) afford", r"(?:price|cost|pricing)s? (?:is|are|seems?|looks?) (?:\w{1,20} ){0,2}(?:high|steep|much|prohibitive)", r"cheaper", r"out of (?:our )?(?:budget|price range)",
        r"(?:zu|sehr|recht) (?:teuer|kostspielig)", r"kein(?:e|en)? (?:\w{1,20} ){0,2}(?:budget|geld|mittel)", r"budget (?:\w{1,20} ){0,4}(?:ausgeschöpft|erschöpft|verplant|aufgebraucht|nicht)", r"(?:sprengt|übersteigt) (?:\w{1,20} ){0,2}(?:budget|rahmen)", r"können (?:\w{1,20} ){0,4}nicht leisten", r"günstiger(?:e[ns]?)?",
        r"(?:trop|très|un peu) (?:ch(?:er|ère)s?|coûteu(?:x|se)|onéreu(?:x|se)|élevée?s?)", r"(?:pas|plus|aucun|hors) (?:de |le |du )?budget", r"pas les moyens", r"moins ch(?:er|ère)",
        r"(?:demasiado|muy|un poco) (?:caro|cara|costoso|costosa)", r"(?:no|sin) (?:\w{1,20} ){0,2}presupuesto", r"fuera de(?:l| nuestro) presupuesto", r"más barat[oa]",
        r"(?:troppo|molto|un po') (?:caro|cara|costoso|costosa|alto)", r"(?:non|senza|fuori) (?:\w{1,20} ){0,3}budget", r"meno caro",
        r"(?:muito|demasiado) (?:caro|cara|alto)", r"(?:sem|não|nao|fora) (?:\w{1,20} ){0,3}(?:orçamento|verba|budget)", r"mais barat[oa]",
        r"te (?:duur|prijzig|kostbaar)", r"geen (?:\w{1,20} ){0,2}budget", r"goedkoper",
        r"(?:za|zbyt|dość) (?:drogo|drogie|droga|drogi|wysoka|wysokie)", r"(?:nie|brak) (?:\w{1,20} ){0,2}(?:budżetu|środków)", r"taniej",
        r"för dyrt?", r"for dyrt?", r"ingen budget", r"liian kallis\w{0,3}", r"příliš drah\w{1,3}", r"(?:слишком|очень) дорог\w{1,3}", r"нет бюджета", r"太贵", r"高すぎ\w{0,3}", r"予算(?:が|は)(?:ない|ありません)",
    ),
    "timing": _any(
        r"not (?:the |a |really )?(?:right|good|best|great) (?:time|moment|timing)", r"(?:bad|wrong|poor) (?:time|timing|moment)", r"(?:next|in the (?:new|coming)|later (?:this|next|in the)|early(?: in)? (?:next|the new)?|end of (?:the|this|next)?) ?(?:year|quarter|month|spring|summer|autumn|fall|winter|half)", r"(?:in|after|back in|again in|until|before) (?:q[1-4]|january|february|march|april|may|june|july|august|september|october|november|december|the (?:holidays|summer|new year))", r"(?:not|nothing) (?:\w{1,20} ){0,3}(?:right now|at (?:the|this) (?:moment|time|point|stage)|currently|at present|for now|yet|a priority)", r"(?:too|very|really|quite|so|extremely|bit) (?:busy|early|swamped)", r"(?:come|check|get|reach|circle|write) back (?:to (?:me|us) )?(?:in|after|next|later|when)", r"(?:in|after) (?:a |the |about |around )?(?:few|couple(?: of)?|two|three|four|five|six|\d{1,2}) (?:weeks|months)", r"other priorities", r"(?:try|contact|call|write|ask|ping|remind) (?:me|us) (?:again )?(?:in|next|later|after)",
        r"(?:nicht|kein|falsche[rn]?|schlechte[rn]?) (?:der |ein |die )?(?:\w{1,20} )?(?:zeitpunkt|moment)", r"(?:zur ?zeit|derzeit|momentan|aktuell|im moment) (?:\w{1,20} ){0,3}(?:nicht|kein(?:e|en)?)", r"(?:nächste[snm]?|kommende[snm]?) (?:jahr|quartal|monat|halbjahr|frühjahr|sommer|herbst)", r"(?:in|nach) (?:\w{1,20} ){0,2}(?:wochen|monaten)", r"(?:zu|sehr) (?:beschäftigt|früh)", r"andere prioritäten", r"keine (?:zeit|kapazität(?:en)?)", r"(?:später|im herbst|nach dem sommer|nach den ferien)",
        r"pas le (?:bon|meilleur) moment", r"(?:l'année|le mois|le trimestre|la rentrée) prochaine?", r"(?:pas|rien) (?:\w{1,20} ){0,2}(?:pour le moment|en ce moment|actuellement|pour l'instant|à l'ordre du jour)", r"(?:dans|d'ici) (?:\w{1,20} ){0,2}(?:mois|semaines)", r"à la rentrée", r"(?:recontactez|relancez|rappelez)[- ](?:moi|nous)", r"trop (?:tôt|occupée?s?)", r"pas (?:une|la) priorité",
        r"no es (?:\w{1,20} ){0,3}momento", r"(?:el próximo|la próxima|el año que viene|próximo) ?(?:año|mes|trimestre|semestre)?", r"(?:ahora|de momento|por ahora|en este momento|actualmente) (?:\w{1,20} ){0,2}no", r"no (?:\w{1,20} ){0,3}(?:ahora mismo|en este momento|por ahora|por el momento)", r"(?:dentro de|en) (?:\w{1,20} ){0,2}(?:meses|semanas)", r"más adelante", r"(?:después|pasado) (?:del|el) verano",
        r"non è (?:\w{1,20} ){0,3}momento", r"(?:il prossimo|l'anno prossimo|il mese prossimo|prossimo) ?(?:anno|mese|trimestre|semestre)?", r"(?:al|per il|in questo) momento (?:\w{1,20} ){0,2}non", r"non (?:\w{1,20} ){0,4}(?:in questo momento|al momento|per ora|adesso)", r"(?:tra|fra) (?:\w{1,20} ){0,2}(?:mesi|settimane)", r"più avanti", r"dopo (?:l'estate|le ferie)",
        r"(?:não|nao) é (?:\w{1,20} ){0,3}(?:momento|altura|hora)", r"(?:no próximo|próximo|ano que vem|no ano que vem) ?(?:ano|mês|trimestre|semestre)?", r"(?:no|neste|de) momento,? (?:\w{1,20} ){0,2}(?:não|nao)", r"(?:não|nao) (?:\w{1,20} ){0,4}(?:no momento|neste momento|agora|por enquanto)", r"(?:daqui a|em) (?:\w{1,20} ){0,2}(?:meses|semanas)", r"mais (?:tarde|para a frente)",
        r"niet (?:het )?(?:juiste|goede|beste) moment", r"(?:volgend|komend) (?:jaar|kwartaal|voorjaar|najaar)", r"volgende maand", r"(?:op dit moment|momenteel|nu) (?:\w{1,20} ){0,2}(?:niet|geen)", r"over (?:\w{1,20} ){0,2}(?:maanden|weken)", r"na de (?:zomer|vakantie)", r"geen prioriteit", r"te (?:druk|vroeg)",
        r"nie (?:jest (?:to )?|to )?(?:dobry|odpowiedni|najlepszy) (?:moment|czas)", r"(?:w przyszłym|w następnym|przyszłego) (?:roku|kwartale|miesiącu)", r"(?:w tej chwili|obecnie|aktualnie|na razie) nie", r"za (?:\w{1,20} ){0,2}(?:miesiące|miesięcy|tygodni|tygodnie)", r"po wakacjach",
        r"(?:inte|ikke) (?:\w{1,20} ){0,2}(?:just nu|lige nu|akkurat nå|for øyeblikket|i nuläget)", r"(?:nästa|neste|næste) (?:år|kvartal|månad|måned)", r"(?:ensi|seuraava) (?:vuonna|kuussa)", r"(?:příští|příštím) (?:rok|roce|měsíc)", r"(?:teď|momentálně) ne", r"в следующем (?:году|квартале|месяце)", r"не сейчас", r"明年|下个?季度|暂时不", r"来(?:年|期|月)",
    ),
    "interested": _any(
        r"(?:sounds|looks|seems|is|very|really) (?:NOT\w{1,20} ){0,2}(?:interesting|great|good|intriguing|promising)", r"(?:i'm|i am|we're|we are|definitely|very|quite|certainly|would be|we'd be|i'd be|could be|might be) (?:NOT\w{1,20} ){0,2}interested", r"(?:let's|happy to|glad to|love to|like to|want to|can we|could we|shall we|when can|when could|keen to|open to) (?:NOT\w{1,20} ){0,3}(?:talk|chat|meet|call|speak|connect|learn more|hear more|know more|discuss|schedule|see (?:a|the|more)|explore|demo|a (?:call|chat|meeting|demo))(?: \w{1,20}){0,2}", r"tell me more", r"(?:send|share|provide) (?:me|us|over|through)? ?(?:NOT\w{1,20} ){0,3}(?:more )?(?:info|information|details|pricing|proposal|quote|deck|brochure|calendar|times|slots|invite)", r"(?:how|what) (?:much|does it cost|are your prices|is the price|is your pricing)(?: \w{1,20}){0,3}", r"(?:call|ring|phone) me(?! again)", r"(?:are you|i'm|i am|we're) (?:free|available) (?:NOT\w{1,20} ){0,3}(?:monday|tuesday|wednesday|thursday|friday|tomorrow|next week|this week|on|at)", r"(?:book|schedule|set up|arrange|send) (?:NOT\w{1,20} ){0,3}(?:call|meeting|demo|time|invite)", r"(?:monday|tuesday|wednesday|thursday|friday|tomorrow)(?: \w{1,20}){0,3} (?:works|suits|is fine|is good)", r"yes,? please", r"show me", r"count me in",
        r"(?:klingt|hört sich|sieht|ist|wäre|sehr) (?:NOT\w{1,20} ){0,3}(?:interessant|gut|spannend|vielversprechend)(?: an)?", r"(?:bin|sind|wäre|wären) (?:NOT\w{1,20} ){0,3}interessiert", r"(?:haben|habe|hätten|hätte) (?:NOT\w{1,20} ){0,2}interesse", r"(?:gerne?|können wir|lassen sie uns|lass uns) (?:NOT\w{1,20} ){0,5}(?:telefonieren|sprechen|treffen|austauschen|reden|kennenlernen|termin|mehr erfahren|zeigen)", r"(?:senden|schicken) sie (?:mir|uns) (?:NOT\w{1,20} ){0,4}(?:informationen|infos|unterlagen|angebot|preise|details|termin\w{0,10})", r"rufen sie (?:mich|uns) (?:NOT\w{1,20} ){0,3}an", r"(?:was|wie viel|wieviel) kostet", r"(?:passt|passen würde)(?: \w{1,20}){0,3}", r"ja,? (?:gerne?|bitte)", r"erzählen sie mir mehr",
        r"(?:ça|cela|c'est|semble|paraît|a l'air|très|votre) (?:NOT\w{1,20} ){0,3}(?:intéressante?s?|bien|intéresse)", r"(?:suis|sommes|serais|serions) (?:NOT\w{1,20} ){0,2}intéressée?s?", r"(?:m'|nous )intéresse", r"(?:volontiers|avec plaisir|pouvons-nous|peut-on|pourrions-nous|je serais ravie? de|souhaite(?:rais|rions)?) (?:NOT\w{1,20} ){0,5}(?:discuter|parler|échanger|rencontrer|rendez-vous|appeler|savoir plus|démo|appel)?", r"en savoir plus", r"(?:envoyez|transmettez)[- ](?:moi|nous) (?:NOT\w{1,20} ){0,4}(?:informations|infos|documentation|devis|tarifs|détails|créneaux)", r"appelez[- ](?:moi|nous)", r"quel est (?:le|votre) (?:prix|tarif)", r"combien (?:ça )?coûte",
        r"(?:suena|parece|es|resulta|muy) (?:NOT\w{1,20} ){0,2}(?:interesante|bien|genial)", r"(?:estoy|estamos|estaría|estaríamos) (?:NOT\w{1,20} ){0,2}interesad[oa]s?", r"(?:me|nos) interesa(?:ría)?", r"(?:podemos|podríamos|me gustaría|nos gustaría|encantad[oa] de) (?:NOT\w{1,20} ){0,4}(?:hablar|reunirnos|llamada|conocer|saber más|agendar|ver|demo|reunión)", r"(?:envíe|envía|mande|manda|envíen|pueden enviar|puede enviar)(?:me|nos)? (?:NOT\w{1,20} ){0,4}(?:información|detalles|propuesta|presupuesto|precios)", r"(?:llámeme|llámame|llámenos)", r"cuánto cuesta", r"sí,? (?:por favor|claro|gracias)",
        r"(?:sembra|suona|è|pare|molto) (?:NOT\w{1,20} ){0,2}(?:interessante|bene|ottimo)", r"(?:sono|siamo|sarei|saremmo) (?:NOT\w{1,20} ){0,2}interessat[oaie]", r"(?:mi|ci) interess(?:a|erebbe)", r"(?:possiamo|potremmo|volentieri|mi piacerebbe|ci piacerebbe|vorrei|vorremmo) (?:NOT\w{1,20} ){0,5}(?:sentirci|parlare|parlarne|incontrarci|saperne di più|chiamata|vedere|demo|fissare|incontro)", r"(?:mandi|manda|invii|invia|mandate|inviate|può inviare|potete inviare)(?:mi|ci|rmi|rci)? (?:NOT\w{1,20} ){0,4}(?:informazioni|dettagli|proposta|preventivo|prezzi)", r"(?:mi chiami|chiamami|ci chiami)", r"quanto costa", r"sì,? (?:grazie|certo|volentieri)",
        r"(?:parece|soa|é|muito) (?:NOT\w{1,20} ){0,2}(?:interessante|bem|ótimo)", r"(?:estou|estamos|estaria|estaríamos) (?:NOT\w{1,20} ){0,2}interessad[oa]s?", r"(?:tenho|temos|teria|teríamos) (?:NOT\w{1,20} ){0,2}interesse", r"(?:podemos|poderíamos|gostaria de|gostaríamos de|vamos) (?:NOT\w{1,20} ){0,4}(?:conversar|falar|reunir|marcar|agendar|saber mais|conhecer|ver|demo|reunião)", r"(?:envie|mande|enviem|pode enviar|podem enviar)(?:-me|-nos)? (?:NOT\w{1,20} ){0,4}(?:informações|detalhes|proposta|orçamento|preços)", r"(?:me ligue|ligue-me)", r"quanto custa", r"sim,? (?:por favor|claro|obrigad[oa])",
        r"(?:klinkt|lijkt|is|ziet er|heel|zeer) (?:NOT\w{1,20} ){0,3}(?:interessant|goed|leuk)(?: uit)?", r"(?:ben|zijn) (?:NOT\w{1,20} ){0,2}geïnteresseerd", r"(?:kunnen we|laten we|graag|zullen we) (?:NOT\w{1,20} ){0,5}(?:bellen|spreken|afspreken|praten|meer weten|kennismaken|afspraak|demo)", r"(?:stuur|stuurt u|kunt u|kun je) (?:NOT\w{1,20} ){0,4}(?:informatie|info|offerte|prijzen|details)(?: \w{1,20})?", r"bel (?:me|mij|ons)", r"wat kost", r"ja,? (?:graag|leuk)", r"vertel (?:me )?meer",
        r"(?:brzmi|wygląda|to) (?:NOT\w{1,20} ){0,2}(?:ciekawie|interesująco|dobrze|interesujące|ciekawe)", r"(?:jestem|jesteśmy|byłbym|byłabym) (?:NOT\w{1,20} ){0,2}zainteresowan[iyae]", r"(?:chętnie|możemy|porozmawiajmy|spotkajmy|chciałbym|chciałabym|chcielibyśmy) (?:NOT\w{1,20} ){0,5}(?:porozmawia\w{1,5}|spotka\w{1,5}|dowie\w{1,5}|zobacz\w{1,5}|umówi\w{1,5}|rozmow\w{1,3}|demo)", r"(?:proszę|prosimy) o (?:NOT\w{1,20} ){0,3}(?:informacj\w{1,3}|szczegół\w{1,3}|ofert\w{1,3}|cennik|telefon|kontakt(?! z))", r"ile (?:to )?kosztuje", r"tak,? (?:poproszę|proszę|chętnie)",
        r"(?:låter|lyder|höres) (?:NOT\w{1,20} ){0,2}(?:intressant|interessant|bra|godt|spændende|spennende)", r"(?:vi är|jag är|vi er|jeg er) (?:NOT\w{1,20} ){0,2}(?:intresserade?|interesseret|interesserede|interessert)", r"kuulostaa (?:NOT\w{1,20} )?(?:mielenkiintoiselta|hyvältä|kiinnostavalta)", r"(?:zní|vypadá) (?:to )?(?:zajímavě|dobře)", r"(?:máme|mám) zájem", r"(?:звучит|выглядит) интересно", r"нам интересно|мне интересно", r"kulağa (?:hoş|ilginç) geliyor", r"ilgileniyoru\w{1,3}", r"感兴趣|有兴趣", r"興味(?:が|は)あり(?:ます)?", r"관심(?:이)? 있",
    ),
}  # fmt: skip

#: Alone they may mean anything.
HINTS = {
    "referral": _any("colleague", "kollegen?", "kollegin", "collègue", "compañer[oa]", "collega", "colega", "koleg\\w{1,3}", "forwarded", "weitergeleitet"),
    "price": _any("budgets?", "pricing", "prices?", "costs?", "preise?", "kosten", "tarifs?", "prix", "presupuesto", "precio", "prezzo", "budżet\\w{0,2}", "orçamento", "preço", "prijs"),
    "timing": _any("later", "busy", "später", "plus tard", "más tarde", "più tardi", "mais tarde", "later dit jaar", "później"),
    "has_solution": _any("provider", "supplier", "vendor", "anbieter", "prestataire", "proveedor", "fornitore", "fornecedor", "leverancier", "dostawc\\w{1,3}", "competitor"),
    "interested": _any("interest(?:ed|ing)", "interessiert", "interessant", "intéress\\w{2,6}", "interesad[oa]", "interesante", "interessat[oaie]", "interessante", "interessad[oa]", "geïnteresseerd", "zainteresowan[iyae]", "demo", "meeting"),
}  # fmt: skip
