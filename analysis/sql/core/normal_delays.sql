-- core.normal_delays: one row per step of a provider and date from which its normal time holds
-- key: provider, step, effective_from
-- step: judge
-- column: provider id of the provider
-- column: step what is waited for
-- column: starts mapped field that starts the clock
-- column: ends live_at where the step is the whole onboarding, until the dealer is live; else NULL
-- column: hours normal time, hours
-- column: effective_from holds from this day on
create table core.normal_delays (
    provider varchar not null,
    step varchar not null,
    starts varchar not null,
    ends varchar,
    hours double not null,
    effective_from date not null
);
