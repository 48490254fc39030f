"""The WSGI door that granian serves.

All pages are imported before the first request, and what is there by then is taken out of the garbage collector's rounds: one
look through the half million objects of a started server takes some 100 ms, in the middle of somebody's request.
"""

import gc
import os

from puhui.store import embedded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "puhui.web.settings")
embedded.attach(keep_running=True)

from django.core.wsgi import get_wsgi_application  # noqa: E402 - the database's address must be known first

application = get_wsgi_application()

from django.urls import get_resolver  # noqa: E402 - after the applications are set up

get_resolver().url_patterns  # noqa: B018 - reading it imports every page

from scipy import optimize, sparse, stats  # noqa: E402, F401 - the rooms load them at first use, a command never does
from scipy.sparse import csgraph  # noqa: E402, F401

gc.collect()
gc.freeze()
