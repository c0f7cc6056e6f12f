"""What a text tells: people who say nothing of what failed, in many voices, and short reports that say enough.

None of these lines taught the likeness; what did is in analysis/starter/says_nothing.txt.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest

from analysis.families import Families
from analysis.family_index import Ticket
from analysis.features import whole_text
from analysis.likeness import Likeness, Words
from analysis.likeness_files import read_likeness
from analysis.likeness_fitting import known_families, known_kinds, plain_words, says_nothing

# summary, and description behind a bar
SAYS_LITTLE = """
Please see attached, thanks
See attached screenshot, please advise
As discussed on the phone, please have a look
URGENT please help, this is very urgent!!!
Very urgent, the customer is waiting, please help as soon as possible
Hi team, can you please look into this? Thanks
Could somebody please check this for me, many thanks
It is still not working, please advise
Following up on my last ticket, any news?
Any update on this one? The store keeps asking
Please escalate to the next level, thank you
Forwarding this to you as requested, details below
Same problem as last time, please fix
Same issue as yesterday, see the other ticket
Test ticket, please ignore
This is only a test, please close
Thank you for your help with this
Please let me know if you need anything else
Morning all, this one fell through the cracks, can somebody own it please?
Ticket opened at the request of our regional VP, he will provide context himself.
hi could you pls take a look whenever u have a sec thx
Not a big deal but it bugs us. Please look when you can.
Nobody told me anything since I called on Tuesday, please tell me where we are.
Gents, any movement on this?
I'm at my wit's end with this. Fix it or I will find somebody who does.
Per your request, the additional information is in the file I sent separately.
My apologies for the delay, I was at a conference. Let us continue here.
We spoke briefly on Friday; I promised to put it in writing, so consider this my writing.
RE: RE: RE: RE: question
(no subject)
- | Sent from Outlook for Android
Internal note: do not share with the dealer. Ask Tom first.
Yes please go ahead.
No, that's not what I meant, please read my message again.
Correct, thank you!
Hola equipo, please help us with this one, gracias.
Adding a comment so that it does not get auto-closed.
Bot: this issue has had no activity for 14 days and will be closed.
The person who knows the details is on holiday, she will be back in a week.
Somebody at the dealership (I did not catch the name) says things are not right.
We need a favour, please ring me.
It stopped. It came back. It stopped. Now it is back again.
Why is this always so complicated with you people?
My boss says open a ticket. So: ticket.
Thought this was resolved? Guess not.
The other guys said it was you, you said it was them. Who is it?
To whom it may concern: please act on the matter described in our letter.
Asking for a friend at another store who is too shy to write: can you help?
Kudos to the night shift, seriously.
Just so you know, I will be reachable until six on my cell.
This is to inform you that we have an ongoing situation at one of our locations.
Please expedite. VIP.
I'd like to speak with the person in charge.
Marking this as urgent since it has been open for ten days.
Have you had a chance to look at it yet?
Same here at Fox Valley, please add us.
Stuck. Need a hand.
Please find the requested file enclosed. Regards, Denise, Title Clerk
"""
SAYS_ENOUGH = """
tekion 403 on every booking
CDK returns 401 since this morning
op code not found in the DMS
Advisor list empty in XTime
double bookings at 8am
Webhook not firing for cancelled appointments
Customers get the confirmation text twice
Loaner not available as transport option
Slots one hour off since DST
No availability shown for Saturday
VIN lookup times out
Token expired at Blue Mesa
MyKaarma texts not delivered
Wrong advisor on appointment
Appointment cancelled in CDK still shows in Pam
Reschedule creates a second appointment
429 too many requests from CDK
Certificate expired, SSL handshake fails
Recall op code missing in XTime
Bookings land in the wrong department
Customer phone number truncated to 9 digits
Accents garbled in customer names
Store hours wrong, shows closed on Monday
Tekion sandbox down, 503
Dealer-FX lane app login fails
Mileage missing on repair orders
Pam books on holidays
Service menu prices out of date
appointment notes not pushed to DMS
advisor retired but still offered
Express lane full but Pam keeps booking
XTime rejects requests with invalid dealer code
record locked by user when updating the RO
Reminder texts sent at 3 in the night
calls to CDK hang and then gateway timeout
new store never went live with MyKaarma
customer duplicates created on every call
wrong store gets our bookings
date format rejected by Dealer-FX
scope missing for repair orders, 403
Tire rotation maps to oil change
shuttle option gone since the update
subscription inactive for webhooks
api key revoked overnight
Slot unavailable error though the calendar is open
two confirmations in Spanish and English
CDK login refused
bookings vanish after midnight
Pam quotes the old price for brakes
XTime 500 on create appointment
text reminders go to the wrong number
advisor calendar not synced with Tekion
customers cannot pick a loaner
mykaarma webhook delivers nothing since Friday
RO numbers missing in the export
all slots greyed out for next week
duplicate appointments after the migration
time zone off by two hours in Arizona
invalid op code for battery test
token refresh returns invalid_client
Dealer-FX timeouts at noon
the VIN of the second car is not found
cancellations do not reach the DMS
oil change booked as recall
Pam transfers callers to the parts counter
no confirmation email after booking
API key rejected at the new rooftop
parts department gets service calls
shop capacity ignored on Mondays
webhook signature mismatch
Tekion: appointment created without transport type
rate limit hit every morning
express service offered on Sunday
mileage rejected as not numeric
French customers get English texts
last name missing on appointment
appointment shows up twice in XTime
schedule closes an hour too early
transport option shuttle not mapped
customer record locked, update fails with 409
SSL certificate of the callback expired
recall lookup returns nothing
go-live delayed by CDK approval
store hours not updated for the holiday
opted-out customers still get texts
Fortellis subscription suspended
wrong labor code sent to the DMS
phone number with extension is rejected
oauth token not refreshed for Hollow Creek
Tekion returns empty advisor list
texts sent twice for each reschedule
no slots for tire rotation
XTime shows the dealer as closed all week
repair orders stop at midnight
customer notes cut after 250 characters
webhooks rejected with 401
CDK Drive maintenance broke bookings
loaner cars offered though none left
wrong department for express oil changes
VIN decoder picks the wrong model year
myKaarma invites never accepted
Dealer-FX 504 during morning rush
op codes renamed, bookings refused
advisor left in May and still gets appointments
capacity set to zero for body shop
Pam promises a shuttle we do not have
daylight saving moved every appointment
appointment ids reused after import
prices differ between Pam and the service menu
customer search finds nobody by phone
our IP is blocked by the firewall of CDK
certificate for the callback runs out tonight
double booked at 9:15 with the same advisor
unsubscribed customers receive reminders
rate limit of 100 calls exceeded at opening
holiday hours ignored by the scheduler
records older than a day in the RO sync
login to the lane tablet fails with bad password
transport type missing in the payload
JSON payload not parsed, unexpected field
appointment duration always one hour
estimate links in texts lead to a 404
cancelled in the DMS but still confirmed to the customer
new rooftop missing from the subscription
Spanish callers are confirmed in English
recall campaign code unknown to XTime
go-live waits for the dealer to sign the CDK form
last two digits of the mileage lost
"""


def rows(table: str) -> list[Words]:
    lines = (line.partition(" | ") for line in table.strip().splitlines())
    return [Words(summary.strip(), text.strip() or None) for summary, _, text in lines]


def texts(table: str) -> list[str]:
    return [whole_text(one.summary, one.description) for one in rows(table)]


@cache
def likeness() -> Likeness:
    return read_likeness()


def joined(tickets: Sequence[tuple[Words, str | None]]) -> list[int]:
    """Numbers of the tickets that joined another one's family."""
    families = Families(likeness())
    readings = likeness().read([words for words, _ in tickets])
    events = (
        event
        for number, (_, provider) in enumerate(tickets)
        for event in families.place(Ticket(number, readings.take([number]), provider))
    )
    return [event.issue_id or 0 for event in events if event.event != "founded"]


def test_there_are_voices_enough() -> None:
    assert len(set(texts(SAYS_LITTLE))) == len(rows(SAYS_LITTLE)) >= 40
    assert len(set(texts(SAYS_ENOUGH))) == len(rows(SAYS_ENOUGH)) >= 40


def test_nobody_was_taught_with_them() -> None:
    taught = [*says_nothing(), *(one.words for one in [*known_kinds(), *known_families()])]
    seen = {whole_text(one.summary, one.description).strip().lower() for one in taught}
    seen |= {whole_text(one.summary, "").strip().lower() for one in taught}
    assert not seen & {text.strip().lower() for text in texts(SAYS_LITTLE) + texts(SAYS_ENOUGH)}


def test_who_says_little_says_nothing() -> None:
    """But for one in twenty."""
    told = likeness().tell(texts(SAYS_LITTLE))
    assert told.sum() <= len(told) / 20, np.array(texts(SAYS_LITTLE))[told]


def test_short_reports_tell_something() -> None:
    """But for one in a hundred."""
    told = likeness().tell(texts(SAYS_ENOUGH))
    assert (~told).sum() <= len(told) / 100, np.array(texts(SAYS_ENOUGH))[~told]


@pytest.mark.parametrize("provider", ["tekion", None])
def test_there_is_no_family_of_those_who_say_little(provider: str | None) -> None:
    words = rows(SAYS_LITTLE) + says_nothing()
    assert joined([(one, provider) for one in words]) == []


def test_the_same_phrase_is_not_the_same_failure() -> None:
    """Four desks write it word for word, of two providers; again but for one phrase in twenty."""
    four = [joined([(one, provider) for provider in ("tekion", "cdk", "tekion", "cdk")]) for one in rows(SAYS_LITTLE)]
    assert sum(bool(one) for one in four) <= len(four) / 20


def test_a_family_of_nothing_does_not_grow_from_closings() -> None:
    """Tickets of all sorts, each closed in words that say nothing, are not drawn together by these."""
    said, closings = rows(SAYS_ENOUGH), rows(SAYS_LITTLE)
    closed = [one._replace(closing=closings[n % len(closings)].summary) for n, one in enumerate(said)]
    readings = likeness().read(closed)
    assert readings.is_closed.sum() <= len(closed) / 20
    plain = likeness().read(said)
    same = np.flatnonzero(~readings.is_closed)
    assert np.array_equal(readings.place[same], plain.place[same])


def test_words_that_anybody_writes_are_counted_as_such() -> None:
    words = plain_words()
    assert words == sorted(set(words))
    assert likeness().plain_words == frozenset(words)
    assert all(word == word.lower() and " " not in word for word in words)
    counted = likeness().words_of(whole_text("Please see the attached booking, Tekion answers 403 at 9:15", ""))
    assert counted.telling == {"booking", "tekion", "403"}
    assert {"please", "see", "the"} < counted.known
