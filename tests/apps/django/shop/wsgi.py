"""What a WSGI server serves."""

import os

from django.core.management import call_command
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
application = get_wsgi_application()

# The database is in memory, so each process begins with an empty one.
call_command("migrate", verbosity=0)
