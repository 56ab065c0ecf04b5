"""What people's answers mean, in the languages of those we write to."""

import time

import pytest

from mail.classify import intent
from mail.classify.intent import Contact

ANSWERS = {
    "interested": (
        "This sounds interesting. Could we talk on Thursday?",
        "Yes please, Tuesday works.",
        "Please send me more information.",
        "Das klingt spannend, können wir nächste Woche telefonieren?",
        "Cela nous intéresse, pouvons-nous en parler ?",
        "Me interesa, ¿podemos hablar el martes?",
        "Sembra interessante, possiamo sentirci?",
        "Parece interessante, podemos marcar uma reunião?",
        "Klinkt interessant, kunnen we bellen?",
        "Brzmi ciekawie, chętnie porozmawiam.",
    ),
    "declined": (
        "Thank you, but we are not really interested.",
        "No thanks.",
        "I am no longer interested.",
        "Wir haben leider kein Interesse.",
        "Nous ne sommes pas intéressés, merci.",
        "No estamos interesados, gracias.",
        "Non siamo interessati.",
        "Não temos interesse.",
        "Wij hebben geen interesse.",
        "Nie jesteśmy zainteresowani.",
    ),
    "price": (
        "That is too expensive for a team of our size.",
        "We have no budget for this.",
        "Das ist uns leider zu teuer.",
        "C'est trop cher pour nous.",
        "Es demasiado caro.",
        "È troppo caro per noi.",
        "É muito caro.",
        "Dit is te duur.",
        "To za drogo.",
    ),
    "timing": (
        "It is not the right time for us.",
        "Could you come back to me in two months?",
        "Derzeit haben wir dafür keine Kapazität.",
        "Ce n'est pas le bon moment.",
        "Ahora mismo no es el mejor momento.",
        "Non è il momento giusto.",
        "Não é o momento certo.",
        "Nu niet, volgend jaar misschien.",
        "To nie jest dobry moment.",
    ),
    "has_solution": (
        "We already have a tool for that.",
        "We built it in-house.",
        "Wir haben bereits eine Lösung im Einsatz.",
        "Nous avons déjà une solution.",
        "Ya tenemos un proveedor.",
        "Abbiamo già un fornitore.",
        "Já temos uma solução.",
        "We hebben al een leverancier.",
        "Mamy już takie rozwiązanie.",
    ),
    "wrong_person": (
        "I am not the right person for this.",
        "Dafür bin ich nicht zuständig.",
        "Je ne suis pas la bonne personne.",
        "No soy la persona adecuada.",
        "Non sono la persona giusta.",
        "Não sou a pessoa certa.",
        "Ik ben niet de juiste persoon.",
        "Nie jestem właściwą osobą.",
    ),
}
REFERRALS = (
    ("Please contact Jane Doe (jane@other.example) instead.", "Jane Doe", "jane@other.example"),
    ("I am not the right person, you should talk to my colleague Bob Miller.", "Bob Miller", ""),
    ("I've forwarded it to our head of sales, bob@other.example.", "", "bob@other.example"),
    ("Bitte wenden Sie sich an Frau Anna Schmidt: a@other.example", "Anna Schmidt", "a@other.example"),
    ("Veuillez contacter ma collègue Marie Dupont <m@other.example>", "Marie Dupont", "m@other.example"),
    ("Por favor contacte con mi compañera Ana García, ana@other.example", "Ana García", "ana@other.example"),
    ("Può contattare la mia collega Giulia Rossi (g@other.example)", "Giulia Rossi", "g@other.example"),
    ("Por favor fale com o meu colega João Silva, j@other.example", "João Silva", "j@other.example"),
    ("Neem contact op met mijn collega Jan de Vries, jan@other.example", "Jan de Vries", "jan@other.example"),
    ("Proszę o kontakt z moim kolegą Janem Nowakiem (jan@other.example)", "Janem Nowakiem", "jan@other.example"),
)  # fmt: skip
#: Beyond it something is not linear.
ABSURD = 1.0


@pytest.mark.parametrize(
    ("name", "text"), [(name, text) for name, texts in ANSWERS.items() for text in texts]
)
def test_clear_words_are_clear(name, text):
    found = intent.of(text)

    assert (found.name, found.is_sure, found.contact) == (name, True, None)


@pytest.mark.parametrize(("text", "name", "email"), REFERRALS)
def test_a_referral_names_its_contact(text, name, email):
    found = intent.of(text, known=("grace@customer.example",))

    assert (found.name, found.is_sure) == ("referral", True)
    assert found.contact == Contact(name=name, email=email)


def test_the_persons_own_address_is_no_contact():
    text = "Please contact me again.\nGrace Hopper\ngrace@customer.example"

    found = intent.of(text, known=("grace@customer.example",))

    assert found.contact is None


@pytest.mark.parametrize(
    "text", ["Interesting.", "What about the pricing?", "Sounds great, but we have no budget."]
)
def test_hints_and_contradictions_are_left_to_a_person(text):
    found = intent.of(text)

    assert (found.is_sure, found.confidence > 0) == (False, True)


@pytest.mark.parametrize("text", ["", "ok", "Who are you?", "Thanks, got it."])
def test_what_says_nothing_is_other(text):
    assert intent.of(text) == intent.Intent(name="other", confidence=0.0)


@pytest.mark.parametrize(
    "unit", ["please ", "not ", "contact Jane ", "interested", "a@b.c ", "we are ", "budget is ", "A B "]
)  # fmt: skip
def test_hostile_answers_take_linear_time(unit):
    began = time.process_time()

    intent.of(unit * 40_000)

    assert time.process_time() - began < ABSURD
