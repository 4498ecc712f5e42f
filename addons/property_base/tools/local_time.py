"""Days where the estate stands, whatever time zone the server or the user has. Datetimes are naive UTC, as in Odoo."""
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

DEFAULT_TIMEZONE = 'Asia/Shanghai'


def local_date(moment, timezone=DEFAULT_TIMEZONE):
    """:return: the day that the naive UTC ``moment`` falls on in ``timezone``"""
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(timezone)).date()


def today(timezone=DEFAULT_TIMEZONE):
    """:return: the day that it is now in ``timezone``"""
    return datetime.now(UTC).astimezone(ZoneInfo(timezone)).date()


def start_of_day(day, timezone=DEFAULT_TIMEZONE):
    """:return: the naive UTC datetime at which ``day`` begins in ``timezone``"""
    return datetime.combine(day, time(), ZoneInfo(timezone)).astimezone(UTC).replace(tzinfo=None)


def end_of_day(day, timezone=DEFAULT_TIMEZONE):
    """:return: the naive UTC datetime of the last second of ``day`` in ``timezone``"""
    return start_of_day(day + timedelta(days=1), timezone) - timedelta(seconds=1)
