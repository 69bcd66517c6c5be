"""What does the job file say? Read once, checked once."""

from kalib.settings.file import check_name, read_job
from kalib.settings.job import Job, Tolerance
from kalib.settings.source import Accounts, Columns, Contacts, Costs, Read, Targets

__all__ = ["Accounts", "Columns", "Contacts", "Costs", "Job", "Read", "Targets", "Tolerance", "check_name", "read_job"]
