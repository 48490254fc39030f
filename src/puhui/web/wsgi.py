"""The WSGI door that granian serves."""

import os

from puhui.store import embedded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "puhui.web.settings")
embedded.attach(keep_running=True)

from django.core.wsgi import get_wsgi_application  # noqa: E402 - the database's address must be known first

application = get_wsgi_application()
