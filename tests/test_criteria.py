"""Each criterion on its own: what meets it, what misses it by a little, what of it is doubtful, what softens it."""

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from few_tickets import always
from stories import DEALERS, bare_criteria, cases, issues, load_into, open_warehouse, stamp, table
from stories import _moved as moved
from test_families import likeness_by_hand
from test_verdicts import VERDICTS, runbook

from analysis.judge import judge
from analysis.measure import measure
from analysis.tag import tag
from analysis.taxonomy import Criteria

CRITERIA = """
[[criterion]]
id = "runbook"
title = "A runbook fits."
version = 1
effective_from = 2026-01-01
test = "runbook"
[[criterion]]
id = "question"
title = "It is a question."
version = 1
effective_from = 2026-01-01
test = "question"
[[criterion]]
id = "solved-before"
title = "OPS solved it three times within a year."
version = 1
effective_from = 2026-01-01
test = "solved_before"
times = 3
within_days = 365
[[criterion]]
id = "already-open"
title = "It is with Tier 2 already."
version = 1
effective_from = 2026-01-01
test = "already_open"
[[criterion]]
id = "information"
title = "What Tier 2 needs is missing."
version = 1
effective_from = 2026-01-01
test = "information"
[[criterion.requires]]
what = "which dealer it is about"
field = "dealer"
provider = "mykaarma"
[[criterion.requires]]
what = "which appointment"
any_of = ['appointment \\d+', 'RO \\d+']
provider = "mykaarma"
[[criterion.requires]]
what = "since when it was asked for"
field = "requested_at"
category = "webhook"
[[criterion]]
id = "checks"
title = "The first checks were not noted."
version = 1
effective_from = 2026-01-01
test = "checks"
[[criterion.requires]]
what = "whether the test connection is green"
any_of = ["test connection"]
provider = "xtime"
category = "auth"
"""
RULES = """
[[rule]]
id = "how"
category = "how_to"
words = ["How do I"]
matches = ["How do I"]
[[rule]]
id = "auth"
category = "auth"
words = ["403"]
matches = ["403"]
[[rule]]
id = "myk"
provider = "mykaarma"
words = ["MyKaarma"]
matches = ["MyKaarma"]
"""
OUTAGES = """provider,started_at,ended_at,source
dealer_fx,2026-05-04T08:00:00+00:00,2026-05-04T12:00:00+00:00,their status page
dealer_fx,2026-05-20T08:00:00+00:00,,their status page
"""
BOOKS = {
    "runbooks/RB-KEY__md": runbook("RB-KEY", "signature: ['portal key']"),
    "runbooks/RB-LATE__md": runbook("RB-LATE", "signature: ['late book']", announced="2026-03-17"),
    "runbooks/RB-MYK__md": runbook("RB-MYK", "signature: ['green button']\nprovider: mykaarma"),
}
STREETS = ["ash", "birch", "chestnut", "dogwood", "elm", "fir", "ginkgo", "hazel", "ivy", "juniper"]
DEALERS_TOO = DEALERS + "".join(f"{name},{name.title()},,,,\n" for name in STREETS)

# `SUP-1 solved 2026-02-02 Tekion lock` stands for a ticket that OPS solved on that day, with a comment that tells how.
# The likeness knows which of lock, token, hours, advisor, twice and quota a text names; each case has its own word
# and provider, or its own dealers or days, for all share one warehouse.
CASES = cases("""
## a question by its field
SUP-1 created 2026-03-12 09:00 tier=1 category=how_to summary="where is it"
  03-12 10:00 tier=2
=> SUP-1 1 should_have_handled should_have_handled question -
## a question by a rule
SUP-1 created 2026-03-12 09:00 tier=1 summary="How do I invite her"
  03-12 10:00 tier=2
=> SUP-1 1 should_have_handled should_have_handled question -
## words that ask came after the escalation, and those that asked went
SUP-1 created 2026-03-12 09:00 tier=1 summary="she is not invited"
  03-12 10:00 tier=2
  03-12 10:01 summary="How do I invite her"
SUP-2 created 2026-03-12 09:00 tier=1 summary="How do I invite her"
  03-12 10:00 tier=2
  03-12 10:01 summary="she is not invited"
=> SUP-1 1 justified justified - -
=> SUP-2 1 should_have_handled should_have_handled question -
## a question that the field called so only after the escalation
SUP-1 created 2026-03-12 09:00 tier=1 summary="where is it"
  03-12 10:00 tier=2
  03-12 10:01 category=how_to
=> SUP-1 1 justified justified - -
## an answer of before the escalation holds, whatever was answered later
SUP-1 created 2026-03-12 09:00 tier=1 summary="where is it" labels="category:how_to"
  03-12 10:00 tier=2
  03-12 10:01 labels="category:auth" by=int-1
SUP-2 created 2026-03-12 09:00 tier=1 summary="where is it" labels="category:auth"
  03-12 10:00 tier=2
  03-12 10:01 labels="category:how_to" by=int-1
=> SUP-1 1 should_have_handled should_have_handled question -
=> SUP-2 1 justified justified - -
## solved three times before
SUP-1 solved 2026-02-02 Tekion lock
SUP-2 solved 2026-02-09 Tekion lock
SUP-3 solved 2026-02-16 Tekion lock
SUP-4 created 2026-03-16 09:00 tier=1 provider=Tekion category=auth summary="once more there is a lock at the store"
  03-16 10:00 tier=2
=> SUP-4 1 should_have_handled should_have_handled solved-before -
## solved twice before
SUP-1 solved 2026-02-02 Tekion token
SUP-2 solved 2026-02-09 Tekion token
SUP-4 created 2026-03-16 09:00 tier=1 provider=Tekion category=auth summary="once more there is a token at the store"
  03-16 10:00 tier=2
=> SUP-4 1 justified justified - -
## one of the three had been reopened by then
SUP-1 solved 2026-02-02 Tekion hours
SUP-2 solved 2026-02-09 Tekion hours
SUP-3 solved 2026-02-16 Tekion hours
  03-16 09:59 status=Open
SUP-4 created 2026-03-16 09:00 tier=1 provider=Tekion category=auth summary="once more there is the hours at the store"
  03-16 10:00 tier=2
=> SUP-4 1 justified justified - -
## one of the three was reopened only later, escalated, and told in other words
SUP-1 solved 2026-02-02 Tekion advisor
SUP-2 solved 2026-02-09 Tekion advisor
SUP-3 solved 2026-02-16 Tekion advisor
  03-16 10:01 status=Open summary="a quota, not that"
  03-17 10:00 tier=2
SUP-4 created 2026-03-16 09:00 tier=1 provider=Tekion category=auth summary="once more there is an advisor at the store"
  03-16 10:00 tier=2
=> SUP-3 1 justified justified - -
=> SUP-4 1 should_have_handled should_have_handled solved-before -
## what closed the third was told only after the escalation
SUP-1 solved 2026-02-02 Tekion twice
SUP-2 solved 2026-02-09 Tekion twice
SUP-3 created 2026-03-15 09:00 tier=1 provider=Tekion category=auth summary="the customer was told twice"
  03-15 11:00 status=Resolved resolution=Done by=ops-1
  03-16 10:01 comment="Told twice no more" by=ops-1
SUP-4 created 2026-03-16 09:00 tier=1 provider=Tekion category=auth summary="once more the customer was told twice"
  03-16 10:00 tier=2
=> SUP-4 1 justified justified - -
## solved three times, and nobody wrote down how it was the third time
SUP-1 solved 2026-02-02 Tekion quota
SUP-2 solved 2026-02-09 Tekion quota
SUP-3 created 2026-02-16 09:00 tier=1 provider=Tekion category=auth summary="the store is over its quota"
  02-16 11:00 status=Resolved resolution=Done by=ops-1
SUP-4 created 2026-03-16 09:00 tier=1 provider=Tekion category=auth summary="once more there is a quota at the store"
  03-16 10:00 tier=2
=> SUP-4 1 justified justified - -
## solved three times for another provider
SUP-1 solved 2026-02-02 CDK lock
SUP-2 solved 2026-02-09 CDK lock
SUP-3 solved 2026-02-16 CDK lock
SUP-4 created 2026-03-16 09:00 tier=1 provider=Dealer-FX category=auth summary="once more there is a lock at the store"
  03-16 10:00 tier=2
=> SUP-4 1 justified justified - -
## three times, the first of them a year and a day before
SUP-1 solved 2025-03-15 CDK token
SUP-2 solved 2026-02-09 CDK token
SUP-3 solved 2026-02-16 CDK token
SUP-4 created 2026-03-16 09:00 tier=1 provider=CDK category=auth summary="once more there is a token at the store"
  03-16 10:00 tier=2
=> SUP-4 1 justified justified - -
## three times, the first of them a year less a day before
SUP-1 solved 2025-03-17 CDK quota
SUP-2 solved 2026-02-09 CDK quota
SUP-3 solved 2026-02-16 CDK quota
SUP-4 created 2026-03-16 09:00 tier=1 provider=CDK category=auth summary="once more there is a quota at the store"
  03-16 10:00 tier=2
=> SUP-4 1 should_have_handled should_have_handled solved-before -
## a kind that does not repeat
SUP-1 solved 2026-02-02 CDK hours
SUP-2 solved 2026-02-09 CDK hours
SUP-3 solved 2026-02-16 CDK hours
SUP-4 created 2026-03-16 09:00 tier=1 provider=CDK category=limitation summary="once more there is the hours at the store"
  03-16 10:00 tier=2
=> SUP-4 1 justified justified - -
## where a runbook fits, it alone tells what OPS could do, and this one was too new
SUP-1 solved 2026-02-02 CDK advisor
SUP-2 solved 2026-02-09 CDK advisor
SUP-3 solved 2026-02-16 CDK advisor
SUP-4 created 2026-03-18 09:00 tier=1 provider=CDK category=auth summary="once more there is an advisor at the store, see the late book"
  03-18 10:00 tier=2
=> SUP-4 1 justified justified runbook -
## solved three times, but nobody knows what kind of failure this is
SUP-1 solved 2026-02-02 CDK twice
SUP-2 solved 2026-02-09 CDK twice
SUP-3 solved 2026-02-16 CDK twice
SUP-4 created 2026-03-16 09:00 tier=1 provider=CDK summary="once more the customer was told twice"
  03-16 10:00 tier=2
=> SUP-4 1 unclear unclear solved-before -
## what was escalated, OPS did not solve by itself
SUP-1 solved 2026-02-02 XTime lock
SUP-2 solved 2026-02-09 XTime lock
SUP-3 created 2026-02-16 09:00 tier=1 provider=XTime category=configuration summary="there is a lock at the store"
  02-16 09:30 tier=2
  02-16 10:00 tier=1
  02-16 10:01 comment="The lock is gone" by=ops-1
  02-16 11:00 status=Resolved by=ops-1
SUP-4 created 2026-03-16 09:00 tier=1 provider=XTime category=configuration summary="once more there is a lock at the store"
  03-16 10:00 tier=2
=> SUP-3 1 justified justified - -
=> SUP-4 1 justified justified - -
## a duplicate was not solved
SUP-1 solved 2026-02-02 XTime token
SUP-2 solved 2026-02-09 XTime token
SUP-3 solved 2026-02-16 XTime token
  02-16 11:01 resolution=Duplicate
SUP-4 created 2026-03-16 09:00 tier=1 provider=XTime category=configuration summary="once more there is a token at the store"
  03-16 10:00 tier=2
=> SUP-4 1 justified justified - -
## what was solved three times changes later: its provider, its words, its kind, and one is called a duplicate
SUP-1 solved 2026-02-02 XTime quota
  03-16 10:01 provider=CDK by=int-1
SUP-2 solved 2026-02-09 XTime quota
  03-16 10:01 summary="there is a lock and a token, or its hours" by=int-1
SUP-3 solved 2026-02-16 XTime quota
  03-16 10:01 resolution=Duplicate
SUP-4 created 2026-03-16 09:00 tier=1 provider=XTime category=configuration summary="once more there is a quota at the store"
  03-16 10:00 tier=2
=> SUP-4 1 should_have_handled should_have_handled solved-before -
## what was said of the third was edited after the escalation: nobody knows what it said
SUP-1 solved 2026-02-02 XTime advisor
SUP-2 solved 2026-02-09 XTime advisor
SUP-3 created 2026-02-16 09:00 tier=1 provider=XTime category=auth summary="there was trouble with an advisor at the store"
  02-16 10:00 comment="edited at 2026-03-16 10:01: the advisor was put right" by=ops-1
  02-16 11:00 status=Resolved resolution=Done by=ops-1
SUP-4 created 2026-03-16 09:00 tier=1 provider=XTime category=configuration summary="once more there is an advisor at the store"
  03-16 10:00 tier=2
=> SUP-4 1 justified justified - -
## solved before, and then it needed Tier 3
SUP-1 solved 2026-02-02 XTime hours
SUP-2 solved 2026-02-09 XTime hours
SUP-3 solved 2026-02-16 XTime hours
SUP-4 created 2026-03-16 09:00 tier=1 provider=XTime category=configuration summary="once more there is the hours at the store"
  03-16 10:00 tier=2
  03-17 10:00 tier=3
=> SUP-4 1 should_have_handled justified solved-before It needed Tier 3.
## solved before and badly handed over
SUP-1 solved 2026-02-02 MyKaarma lock
SUP-2 solved 2026-02-09 MyKaarma lock
SUP-3 solved 2026-02-16 MyKaarma lock
SUP-4 created 2026-03-16 09:00 tier=1 provider=MyKaarma category=auth summary="once more there is a lock at the store"
  03-16 10:00 tier=2
=> SUP-4 1 should_have_handled should_have_handled solved-before -
## solved before and badly handed over, and then it needed Tier 3: the handover still lacked something
SUP-1 solved 2026-02-02 MyKaarma token
SUP-2 solved 2026-02-09 MyKaarma token
SUP-3 solved 2026-02-16 MyKaarma token
SUP-4 created 2026-03-16 09:00 tier=1 provider=MyKaarma category=auth summary="once more there is a token at the store"
  03-16 10:00 tier=2
  03-17 10:00 tier=3
=> SUP-4 1 should_have_handled incomplete solved-before It needed Tier 3.
## badly handed over only, and then it needed Tier 3: that softens nothing
SUP-4 created 2026-03-16 09:00 tier=1 provider=MyKaarma category=auth summary="it is red"
  03-16 10:00 tier=2
  03-17 10:00 tier=3
=> SUP-4 1 incomplete incomplete information -
## the same failure is open at this dealer, and at another
SUP-1 created 2026-04-01 09:00 tier=2 provider=Dealer-FX category=auth dealer=Ash summary="there is a quota at the store"
SUP-2 created 2026-04-02 09:00 tier=1 provider=Dealer-FX category=auth dealer=Ash summary="once more there is the quota at the store"
  04-02 10:00 tier=2
SUP-3 created 2026-04-02 09:00 tier=1 provider=Dealer-FX category=auth dealer=Birch summary="once more there is the quota at the store"
  04-02 10:00 tier=2
=> SUP-1 1 justified justified - -
=> SUP-2 1 incomplete incomplete already-open -
=> SUP-3 1 justified justified - -
## another failure is open at this dealer
SUP-1 created 2026-04-01 09:00 tier=2 provider=Dealer-FX category=auth dealer=Chestnut summary="the customer was told twice"
SUP-2 created 2026-04-02 09:00 tier=1 provider=Dealer-FX category=auth dealer=Chestnut summary="once more there is the quota at the store"
  04-02 10:00 tier=2
=> SUP-1 1 justified justified - -
=> SUP-2 1 justified justified - -
## it was resolved a minute before
SUP-1 created 2026-04-01 09:00 tier=2 provider=Dealer-FX category=auth dealer=Dogwood summary="there is a quota at the store"
  04-02 09:59 status=Resolved
SUP-2 created 2026-04-02 09:00 tier=1 provider=Dealer-FX category=auth dealer=Dogwood summary="once more there is the quota at the store"
  04-02 10:00 tier=2
=> SUP-1 1 justified justified - -
=> SUP-2 1 justified justified - -
## it was resolved a minute after, and reopened
SUP-1 created 2026-04-01 09:00 tier=2 provider=Dealer-FX category=auth dealer=Elm summary="there is a quota at the store"
  04-02 10:01 status=Resolved
  04-03 10:01 status=Open
  04-04 10:01 status=Resolved
SUP-2 created 2026-04-02 09:00 tier=1 provider=Dealer-FX category=auth dealer=Elm summary="once more there is the quota at the store"
  04-02 10:00 tier=2
=> SUP-1 1 justified justified - -
=> SUP-2 1 incomplete incomplete already-open -
## it was resolved then, and reopened only later: then nobody knew
SUP-1 created 2026-04-01 09:00 tier=2 provider=Dealer-FX category=auth dealer=Fir summary="there is a quota at the store"
  04-02 09:59 status=Resolved
  04-03 10:01 status=Open
SUP-2 created 2026-04-02 09:00 tier=1 provider=Dealer-FX category=auth dealer=Fir summary="once more there is the quota at the store"
  04-02 10:00 tier=2
=> SUP-1 1 justified justified - -
=> SUP-2 1 justified justified - -
## it was with OPS still
SUP-1 created 2026-04-01 09:00 tier=1 provider=Dealer-FX category=auth dealer=Ginkgo summary="there is a quota at the store"
  04-02 10:01 tier=2
SUP-2 created 2026-04-02 09:00 tier=1 provider=Dealer-FX category=auth dealer=Ginkgo summary="once more there is the quota at the store"
  04-02 10:00 tier=2
=> SUP-1 1 incomplete incomplete already-open -
=> SUP-2 1 justified justified - -
## whose ticket it is was told only after the escalation
SUP-1 created 2026-04-01 09:00 tier=2 provider=Dealer-FX category=auth dealer=Hazel summary="there is a quota at the store"
SUP-2 created 2026-04-02 09:00 tier=1 provider=Dealer-FX category=auth summary="once more there is the quota at the store"
  04-02 10:00 tier=2
  04-02 10:01 dealer=Hazel
SUP-3 created 2026-04-02 09:00 tier=1 provider=Dealer-FX category=auth dealer=Hazel summary="once more there is the quota at the store"
  04-02 10:00 tier=2
  04-02 10:01 dealer=Ivy
=> SUP-1 1 justified justified - -
=> SUP-2 1 justified justified - -
=> SUP-3 1 incomplete incomplete already-open -
## nobody knows whose tickets they are
SUP-1 created 2026-04-01 09:00 tier=2 provider=Dealer-FX category=auth dealer=Atlantis summary="there is a quota at the store"
SUP-2 created 2026-04-02 09:00 tier=1 provider=Dealer-FX category=auth dealer=Atlantis summary="once more there is the quota at the store"
  04-02 10:00 tier=2
=> SUP-1 1 justified justified - -
=> SUP-2 1 justified justified - -
## all is told: in the field, in words, in a comment of that time, and in one that was edited in time
SUP-1 created 2026-03-12 09:00 tier=1 provider=MyKaarma dealer=Juniper summary="RO 4711 is red"
  03-12 10:00 tier=2
SUP-2 created 2026-03-12 09:00 tier=1 provider=MyKaarma dealer=Juniper summary="all red"
  03-12 09:59 comment="It is Appointment 88." by=ops-1
  03-12 10:00 tier=2
SUP-3 created 2026-03-12 09:00 tier=1 provider=MyKaarma dealer=Juniper summary="all red"
  03-12 09:30 comment="edited at 2026-03-12 09:59: it is Appointment 88." by=ops-1
  03-12 10:00 tier=2
=> SUP-1 1 justified justified - -
=> SUP-2 1 justified justified - -
=> SUP-3 1 justified justified - -
## told only after the escalation: in words, in a comment, in the field
SUP-1 created 2026-03-12 09:00 tier=1 provider=MyKaarma dealer=Juniper summary="all red"
  03-12 10:00 tier=2
  03-12 10:01 summary="RO 4711 is red"
SUP-2 created 2026-03-12 09:00 tier=1 provider=MyKaarma dealer=Juniper summary="all red"
  03-12 10:00 tier=2
  03-12 10:01 comment="It is Appointment 88." by=ops-1
SUP-3 created 2026-03-12 09:00 tier=1 provider=MyKaarma summary="RO 4711 is red"
  03-12 10:00 tier=2
  03-12 10:01 dealer=Juniper
=> SUP-1 1 incomplete incomplete information -
=> SUP-2 1 incomplete incomplete information -
=> SUP-3 1 incomplete incomplete information -
## the field was emptied after the escalation
SUP-1 created 2026-03-12 09:00 tier=1 provider=MyKaarma dealer=Juniper summary="RO 4711 is red"
  03-12 10:00 tier=2
  03-12 10:01 dealer=
=> SUP-1 1 justified justified - -
## a dealer nobody knows was told all the same
SUP-1 created 2026-03-12 09:00 tier=1 provider=MyKaarma dealer=Atlantis summary="RO 4711 is red"
  03-12 10:00 tier=2
=> SUP-1 1 justified justified - -
## a comment of that time was edited since: nobody knows what it said
SUP-1 created 2026-03-12 09:00 tier=1 provider=MyKaarma dealer=Juniper summary="all red"
  03-12 09:30 comment="edited at 2026-03-12 10:01: it is Appointment 88." by=ops-1
  03-12 10:00 tier=2
SUP-2 created 2026-03-12 09:00 tier=1 provider=MyKaarma dealer=Juniper summary="RO 4711 is red"
  03-12 09:30 comment="edited at 2026-03-12 10:01: nothing to tell." by=ops-1
  03-12 10:00 tier=2
=> SUP-1 1 unclear unclear information -
=> SUP-2 1 justified justified - -
## not asked of other providers; asked of a category whatever the provider
SUP-1 created 2026-03-12 09:00 tier=1 provider=Tekion summary="all red"
  03-12 10:00 tier=2
SUP-2 created 2026-03-12 09:00 tier=1 summary="all red"
  03-12 10:00 tier=2
SUP-3 created 2026-03-12 09:00 tier=1 provider=CDK category=webhook summary="no events"
  03-12 10:00 tier=2
  03-12 10:01 requested_at=2026-03-01T00:00:00.000+0000
SUP-4 created 2026-03-12 09:00 tier=1 provider=CDK category=webhook summary="no events" requested_at=2026-03-01T00:00:00.000+0000
  03-12 10:00 tier=2
  03-12 10:01 requested_at=
=> SUP-1 1 justified justified - -
=> SUP-2 1 justified justified - -
=> SUP-3 1 incomplete incomplete information -
=> SUP-4 1 justified justified - -
## the checks, by provider and category
SUP-1 created 2026-03-12 09:00 tier=1 provider=XTime category=auth summary="refused"
  03-12 10:00 tier=2
SUP-2 created 2026-03-12 09:00 tier=1 provider=XTime category=auth summary="refused, Test Connection is green"
  03-12 10:00 tier=2
SUP-3 created 2026-03-12 09:00 tier=1 provider=XTime category=scheduling summary="refused"
  03-12 10:00 tier=2
SUP-4 created 2026-03-12 09:00 tier=1 provider=CDK category=auth summary="refused"
  03-12 10:00 tier=2
=> SUP-1 1 incomplete incomplete checks -
=> SUP-2 1 justified justified - -
=> SUP-3 1 justified justified - -
=> SUP-4 1 justified justified - -
## badly handed over, but of top priority, or born at Tier 2
SUP-1 created 2026-03-12 09:00 tier=1 provider=XTime category=auth priority=Highest
  03-12 10:00 tier=2
SUP-2 created 2026-03-12 09:00 tier=2 provider=XTime category=auth
=> SUP-1 1 justified justified checks -
=> SUP-2 1 justified justified checks -
## outages.csv: before, in, and after an outage; another provider; one that goes on
SUP-1 created 2026-05-04 07:00 tier=1 provider=Dealer-FX category=how_to
  05-04 07:59 tier=2
SUP-2 created 2026-05-04 07:00 tier=1 provider=Dealer-FX category=how_to
  05-04 08:00 tier=2
SUP-3 created 2026-05-04 07:00 tier=1 provider=Dealer-FX category=how_to
  05-04 12:00 tier=2
SUP-4 created 2026-05-04 07:00 tier=1 provider=Tekion category=how_to
  05-04 09:00 tier=2
SUP-5 created 2026-05-24 07:00 tier=1 provider=Dealer-FX category=how_to
  05-24 09:00 tier=2
=> SUP-1 1 should_have_handled should_have_handled question -
=> SUP-2 1 justified justified question -
=> SUP-3 1 should_have_handled should_have_handled question -
=> SUP-4 1 should_have_handled should_have_handled question -
=> SUP-5 1 justified justified question -
## it tells of an outage itself; only later it does
SUP-1 created 2026-06-01 07:00 tier=1 provider=CDK category=provider_outage summary="portal key"
  06-01 08:00 tier=2
SUP-2 created 2026-06-01 07:00 tier=1 provider=CDK category=auth summary="portal key"
  06-01 08:00 tier=2
  06-01 08:01 category=provider_outage
=> SUP-1 1 justified justified runbook -
=> SUP-2 1 should_have_handled should_have_handled runbook -
## two other dealers told of an outage within the last 24 hours
SUP-1 created 2026-06-08 07:00 tier=2 provider=CDK category=provider_outage dealer=Ash
SUP-2 created 2026-06-08 08:00 tier=2 provider=CDK category=provider_outage dealer=Birch
SUP-3 created 2026-06-08 07:30 tier=1 provider=CDK category=auth dealer=Cedar summary="portal key"
  06-08 08:00 tier=2
SUP-4 created 2026-06-08 07:30 tier=1 provider=CDK category=auth dealer=Cedar summary="portal key"
  06-09 07:01 tier=2
SUP-5 created 2026-06-08 07:30 tier=1 provider=CDK category=auth dealer=Birch summary="portal key"
  06-08 09:00 tier=2
SUP-6 created 2026-06-08 07:30 tier=1 provider=Tekion category=auth dealer=Cedar summary="portal key"
  06-08 09:00 tier=2
SUP-7 created 2026-06-08 07:30 tier=1 provider=CDK category=auth dealer=Cedar summary="portal key"
  06-08 07:59 tier=2
=> SUP-1 1 justified justified - -
=> SUP-2 1 justified justified - -
=> SUP-3 1 justified justified runbook -
=> SUP-4 1 should_have_handled should_have_handled runbook -
=> SUP-5 1 should_have_handled should_have_handled runbook -
=> SUP-6 1 should_have_handled should_have_handled runbook -
=> SUP-7 1 should_have_handled should_have_handled runbook -
## one of the two was over by then; it came back only later
SUP-1 created 2026-06-15 07:00 tier=2 provider=CDK category=provider_outage dealer=Ash
SUP-2 created 2026-06-15 07:00 tier=2 provider=CDK category=provider_outage dealer=Birch
  06-15 08:00 status=Resolved
  06-15 12:00 status=Open
SUP-3 created 2026-06-15 07:30 tier=1 provider=CDK category=auth dealer=Cedar summary="portal key"
  06-15 07:59 tier=2
SUP-4 created 2026-06-15 07:30 tier=1 provider=CDK category=auth dealer=Cedar summary="portal key"
  06-15 09:00 tier=2
=> SUP-1 1 justified justified - -
=> SUP-2 1 justified justified - -
=> SUP-3 1 justified justified runbook -
=> SUP-4 1 should_have_handled should_have_handled runbook -
## each escalation of a ticket by its own words
SUP-1 created 2026-03-12 09:00 tier=1 summary="portal key"
  03-12 10:00 tier=2
  03-13 10:00 status=Resolved tier=1
  04-03 09:00 status=Open summary="it is slow"
  04-03 10:00 tier=2
SUP-2 created 2026-03-12 09:00 tier=1 summary="it is slow"
  03-12 10:00 tier=2
  03-13 10:00 status=Resolved tier=1
  04-03 09:00 status=Open summary="portal key"
  04-03 10:00 tier=2
=> SUP-1 1 should_have_handled should_have_handled runbook -
=> SUP-1 2 justified justified - -
=> SUP-2 1 justified justified - -
=> SUP-2 2 should_have_handled should_have_handled runbook -
## … and what the words of the first say is no tag of the second
SUP-1 created 2026-03-12 09:00 tier=1 summary="How do I invite her"
  03-12 10:00 tier=2
  03-13 10:00 status=Resolved tier=1
  04-03 09:00 status=Open summary="it is slow"
  04-03 10:00 tier=2
=> SUP-1 1 should_have_handled should_have_handled question -
=> SUP-1 2 justified justified - -
## each escalation of a ticket by its own comments
SUP-1 created 2026-03-12 09:00 tier=1 provider=MyKaarma dealer=Juniper summary="all red"
  03-12 09:30 comment="It is Appointment 88." by=ops-1
  03-12 10:00 tier=2
  03-13 10:00 status=Resolved tier=1
  04-03 09:00 status=Open
  04-03 10:00 tier=2
SUP-2 created 2026-03-12 09:00 tier=1 provider=MyKaarma dealer=Juniper summary="all red"
  03-12 10:00 tier=2
  03-13 10:00 status=Resolved tier=1
  04-03 09:00 status=Open
  04-03 09:30 comment="It is Appointment 89." by=ops-1
  04-03 10:00 tier=2
=> SUP-1 1 justified justified - -
=> SUP-1 2 incomplete incomplete information -
=> SUP-2 1 incomplete incomplete information -
=> SUP-2 2 justified justified - -
""")
# What the classifier alone says, by what it thinks of every text.
SURE = {"failure_category": {"how_to": 0.98, "auth": 0.02}, "provider": {"mykaarma": 0.99, "cdk": 0.01}}
LESS_SURE = {"failure_category": {"how_to": 0.96, "auth": 0.04}, "provider": {"none": 0.9, "cdk": 0.1}}
OUTAGE = {"failure_category": {"provider_outage": 0.99, "auth": 0.01}, "provider": {"cdk": 0.99, "none": 0.01}}
BY_CLASSIFIER = {
    "sure": cases("""
## it is sure that it is a question; that the appointment is missing rests on its word for the provider
SUP-1 created 2026-03-12 09:00 tier=1 summary="where is it"
  03-12 10:00 tier=2
=> SUP-1 1 should_have_handled should_have_handled question -
## a field that was set only later takes nothing from how sure it was
SUP-1 created 2026-03-12 09:00 tier=1 summary="where is it"
  03-12 10:00 tier=2
  03-12 10:01 category=auth
=> SUP-1 1 should_have_handled should_have_handled question -
## a rule says otherwise
SUP-1 created 2026-03-12 09:00 tier=1 summary="where is it, 403"
  03-12 10:00 tier=2
=> SUP-1 1 unclear unclear information -
## only what is missing, by its word for the provider
SUP-1 created 2026-03-12 09:00 tier=1 category=auth summary="all red"
  03-12 10:00 tier=2
=> SUP-1 1 unclear unclear information -
## only what is missing, by a rule for the provider
SUP-1 created 2026-03-12 09:00 tier=1 category=auth summary="all red in MyKaarma"
  03-12 10:00 tier=2
=> SUP-1 1 incomplete incomplete information -
## a runbook by its word for the provider, and by the field
SUP-1 created 2026-03-12 09:00 tier=1 category=auth dealer=Ash summary="green button RO 12"
  03-12 10:00 tier=2
SUP-2 created 2026-03-12 09:00 tier=1 category=auth dealer=Ash summary="green button RO 12" provider=MyKaarma
  03-12 10:00 tier=2
=> SUP-1 1 unclear unclear runbook -
=> SUP-2 1 should_have_handled should_have_handled runbook -
## solved three times before, by its word for the provider, and by the field
SUP-1 solved 2026-02-02 MyKaarma lock
SUP-2 solved 2026-02-09 MyKaarma lock
SUP-3 solved 2026-02-16 MyKaarma lock
SUP-4 created 2026-03-16 09:00 tier=1 category=auth dealer=Ash summary="once more there is a lock at the store, RO 12"
  03-16 10:00 tier=2
SUP-5 created 2026-03-16 09:00 tier=1 category=auth dealer=Birch summary="once more there is a lock at the store, RO 12" provider=MyKaarma
  03-16 10:00 tier=2
=> SUP-4 1 unclear unclear solved-before -
=> SUP-5 1 should_have_handled should_have_handled solved-before -
"""),
    "less sure": cases("""
## it is not sure enough that it is a question
SUP-1 created 2026-03-12 09:00 tier=1 summary="where is it"
  03-12 10:00 tier=2
=> SUP-1 1 unclear unclear question -
## that it then needed Tier 3 softens that, too
SUP-1 created 2026-03-12 09:00 tier=1 summary="where is it"
  03-12 10:00 tier=2
  03-13 10:00 tier=3
=> SUP-1 1 unclear justified question It needed Tier 3.
"""),
    "outage": cases("""
## it takes it for an outage: nobody can say that OPS should have handled it
SUP-1 created 2026-03-12 09:00 tier=1 summary="portal key"
  03-12 10:00 tier=2
SUP-2 created 2026-03-12 09:00 tier=1 category=auth summary="portal key"
  03-12 10:00 tier=2
=> SUP-1 1 unclear unclear runbook -
=> SUP-2 1 should_have_handled should_have_handled runbook -
## other dealers of which it alone says so are no outage
SUP-1 created 2026-06-08 07:00 tier=2 dealer=Ash
SUP-2 created 2026-06-08 07:00 tier=2 dealer=Birch
SUP-3 created 2026-06-08 07:30 tier=1 category=auth dealer=Cedar summary="portal key"
  06-08 09:00 tier=2
=> SUP-1 1 justified justified - -
=> SUP-2 1 justified justified - -
=> SUP-3 1 should_have_handled should_have_handled runbook -
"""),
}
THINKS = {"sure": SURE, "less sure": LESS_SURE, "outage": OUTAGE}
SOLVED = re.compile(r"^(SUP-\d+) solved (\d+)-(\d+-\d+) (\S+) (\w+)$", re.MULTILINE)
AS_SOLVED = (
    r'\1 created \2-\3 09:00 tier=1 provider=\4 category=auth summary="there was trouble with \5 at the store"'
    "\n"
    r'  \3 10:00 comment="The \5 was put right in the portal" by=ops-1'
    "\n"
    r"  \3 11:00 status=Resolved resolution=Done by=ops-1"
)
EDITED = re.compile(r"^edited at (\S+ \S+): ")


def edit_comments(found: list[dict[str, Any]]) -> None:
    """A comment that begins so was edited at that moment."""
    for issue in found:
        for comment in issue["fields"]["comment"]["comments"]:
            if told := EDITED.match(comment["body"]):
                comment["updated"] = stamp(datetime.fromisoformat(told[1]))


def house(folder: Path, **files: str) -> Criteria:
    told = {"rules__toml": RULES, "escalation_criteria__toml": CRITERIA, "outages__csv": OUTAGES}
    return bare_criteria(folder, **(told | {"dealers__csv": DEALERS_TOO} | BOOKS | files))


def judged(
    told: dict[str, tuple[str, str]], folder: Path, thinks: dict[str, dict[str, float]] | None = None
) -> dict[str, str]:
    """Name of the case → its verdicts; all cases stand in one warehouse, keys of case n moved up by 100 n."""
    story = "\n".join(moved(text, 100 * n) for n, (text, _) in enumerate(told.values(), 1))
    story = SOLVED.sub(AS_SOLVED, story)
    found, criteria = issues(story), house(folder / "criteria")
    edit_comments(found)
    now = datetime(2026, 7, 1)
    rows: dict[int, list[str]] = {n: [] for n in range(1, len(told) + 1)}
    with open_warehouse(folder / "warehouse.duckdb") as warehouse:
        load_into(warehouse, folder, found, criteria)
        tag(warehouse, criteria, always(thinks, threshold=0.7) if thinks else None, "run", now)
        judge(warehouse, criteria, "run", now, likeness_by_hand(story))
        measure(warehouse, criteria, now)
        for line in table(warehouse, VERDICTS).splitlines():
            number = int(line.split(" ", 1)[0].rpartition("-")[2]) // 100
            rows[number].append(moved(line, -100 * number))
    return dict(zip(told, ("\n".join(found) for found in rows.values()), strict=True))


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return judged(CASES, tmp_path_factory.mktemp("criteria"))


@pytest.mark.parametrize("name", CASES)
def test_criteria(name: str, found: dict[str, str]) -> None:
    assert found[name] == CASES[name][1]


@pytest.fixture(scope="module")
def by_classifier(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    folder = tmp_path_factory.mktemp("classifier")
    return {how: judged(told, folder / how, THINKS[how]) for how, told in BY_CLASSIFIER.items()}


@pytest.mark.parametrize(("how", "name"), [(how, name) for how, told in BY_CLASSIFIER.items() for name in told])
def test_what_only_the_classifier_says(how: str, name: str, by_classifier: dict[str, dict[str, str]]) -> None:
    assert by_classifier[how][name] == BY_CLASSIFIER[how][name][1]
