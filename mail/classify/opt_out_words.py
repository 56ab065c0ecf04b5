"""Written wishes to be left alone, in the person's own words, by language.

Words of product and process ("your opt-out rate", "remove the add-on") are none, so most phrases
name the person, or that mail ends.
"""

import re

_MAILS = r"(e-?mails?|mails?|messages?|mailings?|spam|newsletters?|offers|anything|junk)"
_PHRASES = (
    # English
    r"\bplease unsubscribe\b|\bunsubscribe (me|us|this|my)\b|\bkindly unsubscribe\b|\bunsubscribe,? please\b",
    r"\b(want|like|wish) to (unsubscribe|be removed)\b|\b(not|no longer|n't) (want|wish|like|care) to (receive|get|hear)\b",
    r"\bopt(ing)?[ -]?(me )?out\b(?!,? (rate|option|clause|link|form|polic|process|page|button|mechanism|right|period)s?)",
    r"\b(remove|delete) (me|us|my (e-?mail|name|address|details|contact)\S*( address)?) (from|off)\b|\bremove me\b",
    r"\bremove (from|off) (your|the|this|all )?( ?mailing| ?e-?mail| ?contact)? ?(lists?|database)\b",
    r"\btake (me|us|my (e-?mail|name|address)( address)?) (off|from)\b(?=\s*(of |your|the|this|that|these|all|any|it\b|[a-z]{0,8} ?list|[.,!]|$))",
    r"\bstop (e-?mailing|mailing|contacting|writing|spamming|sending)\b|\bleave (me|us) alone\b|\bcease and desist\b",
    r"\b(do not|don'?t|never) (e-?mail|contact|write|message) (to )?(me|us)\b|\bno (more|further) e-?mails\b(?! (needed|necessary|required))",
    rf"\b(do not|don'?t|never|not|stop) send(ing)? (me|us) ((any|more|further|such|this|these|those|your|unsolicited)\b.{{0,20}}\b)?{_MAILS}\b",
    # German
    r"\b(bitte )?(austragen|abmelden) bitte\b|\bbitte\b.{0,60}\b(austragen|abmelden|abbestellen|streichen)\b",
    r"\b(tragen|melden|nehmen|streichen|löschen) sie (bitte )?(mich|uns)\b|\baus (ihrem|dem|eurem) verteiler\b|\b(von|aus) (ihrer|eurer) (mailing)?liste\b",
    r"\bkeine (weitere[nr]? )?((e-?)?mails?|werbung|newsletter|nachrichten|angebote) mehr\b|\blösch(en|t) (sie )?(bitte )?meine (e-?mail-?)?(adresse|daten|kontaktdaten)\b",
    r"\bkontaktieren sie (mich|uns) (bitte )?nicht\b|\b(schreiben|mailen) sie (mir|uns) (bitte )?(nicht|nie) (mehr|wieder)\b|\b(mich|uns) (bitte )?nicht (mehr|weiter) (an(zu)?schreiben|(zu )?kontaktieren)\b",
    # French
    r"\b(désabonne[rz]|désinscri(re|vez|s))(-| )?(moi|nous)?\b|\bretire[rz](-| )moi\b|\b(désinscription|désabonnement),? (svp|s'il|merci)",
    r"\bne (plus )?(me|nous) (plus )?(contacte|écri|envoye)\w*|\bne m'(écrivez|envoyez) plus\b|\bne (souhait|veux|voul|désir)\w* plus (recevoir|être)\b",
    r"\b(supprimez|effacez)(-| )(moi|mes données)\b|\b(supprim|retir|enlev|effac)(er|ez) (mon|mes|notre) (adresse|e-?mail|mail|nom|coordonnées|contact)|\barrêtez de (m'|me |nous )",
    # Spanish
    r"\b(dar(me|nos)|dame|denme) de baja\b|\bdarse de baja\b|\bquiero (darme de )?baja\b|\b(elimíne|elimine|quíte|quite|bórre|borre)(n)?me\b",
    r"\bno (me )?(escriban?|contacten?|envíen?)\b|\bno (deseo|quiero|deseamos|queremos) (recibir|seguir recibiendo)\b|\bno quiero más\b",
    r"\b(elimin|borr|quit|retir)(e|en|a|ar) (mi|mis) (correo|e-?mail|dirección|datos|nombre|contacto)|\bdejen? de (enviar|escribir|mandar|contactar)(me|nos)\b",
    # Italian
    r"\b(cancellate|cancella|rimuovete|rimuovi|rimuova|disiscriv\w{1,6})mi\b|\bdisiscriv\w+\b|\bnon (contattat|scriv|inviat)\w*mi\b",
    r"\bnon (desider|vogli|vogliamo|intend)\w* (più )?(ricevere|essere contattat)|\b(cancell|elimin|rimuov)\w{1,5} (il mio|la mia|i miei) (indirizzo|e-?mail|mail|dati|contatt)|\bsmett\w{1,5} di (scriver|inviar|mandar)mi\b",
    # Portuguese
    r"\b(remov|descadastr|cancel)\w*(-me| meu (e-?mail|nome|contato))\b|\bdescadastr\w+\b|\bremova(m)? (meu|me)\b",
    r"\bnão (quero|desejo|queremos|desejamos|gostaria de) (mais )?(receber|ser contac?tad)|\b(remov|exclu|retir|apag|elimin)\w{1,4} (o )?(meu|minha) (e-?mail|nome|contac?to|endereço)|\bparem? de (me )?(enviar|mandar|escrever)",
    # Dutch
    r"\b(uitschrijven|afmelden)\b|\buit te schrijven\b|\b(geen|nooit) (meer )?(e-?)?mails? meer\b|\b(wil|wens|willen|wensen) geen (\w{1,20} ){0,2}((e-?)?mails?|berichten|reclame)\b",
    r"\b(verwijder|schrap) (mij|me|ons|mijn (e-?)?mail\w*|mijn adres|mijn gegevens)\b|\bhaal (mij|me|ons) (van|uit)\b|\bschrijf (mij|me|ons) uit\b|\bstop met mailen\b",
    # Swedish, Danish, Norwegian, Finnish
    r"\b(avregistrera|avprenumerera|avanmäl\w{0,3})\b|\b(ta|stryk) bort mig\b|\bvill inte (längre )?(ha|få)\b.{0,20}(mail|mejl|e-?post|utskick|reklam)|\bsluta (maila|mejla|skicka)",
    r"\bafmeld mig\b|\b(avmeld|meld) meg( av)?\b|\b(fjern|slett?) (mig|meg)\b|\b(ønsker|vil) ikke (have |ha |at modtage |å motta |at få |å få )?(flere|mere|mer|dine|slike|sådanne)\b.{0,20}(mail|e-?post|henvendelser)",
    r"\bpoistakaa\b|\bpoista (minut|osoitteeni|sähköpostini)|\ben halua (enää )?.{0,25}(viestejä|sähköpost|postia)",
    # Polish, Czech, Slovak
    r"\bwypis(ać|z|zcie)\b|\b(usuńcie|usunąć|usunięcie|wykreślić|wykreślenie) (mnie|mój|mojego|moich|mojej)\b|\bnie (życzę sobie|chcę) .{0,40}(mail|wiadomości|ofert|korespondencj)|\bproszę (już )?(więcej )?nie (pisać|wysyłać|kontaktować)",
    r"\bodhlás(it|te)\b|\bodhlaste\b|\bvyřaďte mě\b|\b(nepřeji|nepřejeme|neželám) si .{0,30}(mail|zpráv|správ|nabídk)|\bnechci (již )?(dostávat|další)|\b(ne|už ne)(posíl|zasíl)ejte\b",
    # Russian, Ukrainian, Bulgarian
    r"\b(отпис(ать|аться|ите)|отпишите|відпишіть)\b|\b(удалите|исключите|видаліть) (меня|мене|мой|мою|мій)\b|\bне (пишите|присылайте|отправляйте|пишіть|надсилайте)\b|\bне хочу (больше )?получать|\bпрекратите (рассылку|писать|присылать)",
    # Hungarian, Turkish, Romanian, Greek
    r"\b(töröljenek|töröljön|iratkoz\w{1,8} le|leirat\w+)\b|\bne (küldj|írj|keress)\w{1,8}\b.{0,20}|\bnem kérek (több|további)",
    r"\b(listeden|abonelikten) çık\w*|\bbeni çıkar\w*|\b(mail|e-?posta|mesaj) (atma|gönderme|yollama)y[ıi]n|\b(mail|e-?posta) almak istemiyorum",
    r"\bdezabon\w+\b|\bnu mai (doresc|vreau) să primesc|\bδιαγράψτε με\b|\bδεν επιθυμώ να λαμβάνω",
    # Chinese, Japanese, Korean
    r"(不要|别|請勿|请勿)再?(给我)?(发|發|寄|联系|聯繫)|退订|退訂|取消(订阅|訂閱)|配信(を)?停止|(メール|配信).{0,6}(不要|やめて|送らないで)|수신 ?거부|구독 ?(취소|해지)|(메일|연락).{0,6}(보내지|하지) ?(마|말)",
)  # fmt: skip
#: Each on its own: in one pattern they take three times as long.
OPT_OUT = tuple(re.compile(phrases, re.IGNORECASE) for phrases in _PHRASES)

#: The whole answer is one of these.
OPT_OUT_ALONE = frozenset(
    {
        "unsubscribe", "stop", "remove", "optout", "opt-out", "opt out", "stopp", "abmelden", "austragen", "abbestellen", "désabonner",
        "désinscription", "désabonnement", "baja", "desuscribir", "desuscribirme", "cancellami", "cancellatemi", "rimuovimi", "descadastrar",
        "please stop", "stop please", "stop, please", "stop it", "stop now", "please remove", "please unsubscribe", "aufhören",
        "bitte aufhören", "arrêtez", "arrêtez svp", "stop svp", "basta",
        "remover", "favor remover", "afmelden", "uitschrijven", "avregistrera", "wypisz", "отписаться", "отпишите", "leiratkozás",
    }
)  # fmt: skip
