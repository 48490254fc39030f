"""Django's settings. Everything that differs between machines comes from the environment or from `var/`.

The clock is read here, in web/ and in cli/ only. Addresses of the database come from `store.embedded.attach()`.
"""

import hashlib
import os
from pathlib import Path

from django.templatetags.static import static

from puhui.store import embedded, keyring, places
from puhui.web import logging_setup

WEB = Path(__file__).resolve().parent
_UNSET = "postgresql://puhui_app@/puhui?host=/nonexistent"

SECRET_KEY = keyring.load().session_key
DEBUG = os.environ.get("PUHUI_DEBUG") == "1"
ALLOWED_HOSTS = os.environ.get("PUHUI_HOSTS", "localhost,127.0.0.1,[::1],testserver").split(",")
CSRF_TRUSTED_ORIGINS = [origin for origin in os.environ.get("PUHUI_ORIGINS", "").split(",") if origin]

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "puhui.web.apps.OfficeAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "axes",
    "django_htmx",
    "ninja",  # its documentation page from our own static files
    "procrastinate.contrib.django",
    "puhui.parties",
    "puhui.policy",
    "puhui.underwriting",
    "puhui.funding",
    "puhui.servicing",
    "puhui.acquisition",
    "puhui.antifraud",
    "puhui.arrears",
    "puhui.merchant",
    "puhui.insight",
    "puhui.journeys",
    "puhui.web",
]

MIDDLEWARE = [
    "puhui.web.middleware.RequestLog",
    "puhui.web.middleware.SecurityHeaders",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "puhui.web.middleware.LanguageByCookie",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "puhui.web.middleware.TenantMiddleware",
    "puhui.web.middleware.Refusals",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "puhui.web.urls"
WSGI_APPLICATION = "puhui.web.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [WEB / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "puhui.web.surroundings.surroundings",
            ]
        },
    }
]

DATABASES = {
    # Everything runs as the application's role, which row-level security binds …
    "default": embedded.django_settings(os.environ.get("PUHUI_APP_URL", _UNSET))
    | {"CONN_MAX_AGE": 300, "CONN_HEALTH_CHECKS": True, "TEST": {"NAME": None}},
    # … only migrations, grants and backups log in as the owner.
    "owner": embedded.django_settings(os.environ.get("PUHUI_OWNER_URL", _UNSET)),
}
DATABASE_ROUTERS: list[str] = []
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
PROXIES = int(os.environ.get("PUHUI_PROXIES", "0"))  # reverse proxies of ours in front
AXES_CLIENT_IP_CALLABLE = "puhui.web.callers.address_of"
AXES_LOCKOUT_CALLABLE = "puhui.web.errors.locked_out"
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
OTP_ADMIN_HIDE_SENSITIVE_DATA = True  # an administrator resets a second factor and never reads one
OTP_TOTP_ISSUER = "Puhui 普惠"

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 8 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = os.environ.get("PUHUI_HTTPS") == "1"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if SESSION_COOKIE_SECURE else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SESSION_COOKIE_SECURE else None
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "puhui.web.errors.csrf_failed"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
LOCALE_PATHS = [WEB / "locale"]
USE_I18N = USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

STATIC_URL = "static/"
STATIC_ROOT = places.var_dir() / "static"
STATIC_ROOT.mkdir(exist_ok=True)
# ECharts comes from npm (`make setup`); without it every chart still shows its table.
ECHARTS = (places.project_root() or WEB) / "node_modules" / "echarts" / "dist"
STATICFILES_DIRS: list[Path | tuple[str, Path]] = [WEB / "static"]
if ECHARTS.is_dir():
    STATICFILES_DIRS.append(("echarts", ECHARTS))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 20 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000  # the editor of a policy posts a dozen fields a rule

LOGGING_CONFIG = None
logging_setup.configure()

# Text messages: where the gateway is and the key its requests are signed with. Unset: no code can be sent, and the page says so.
SANDBOX = os.environ.get("PUHUI_SANDBOX") == "1"
SMS_URL = os.environ.get("PUHUI_SMS_URL", "")
SMS_KEY = os.environ.get("PUHUI_SMS_KEY", "")
if SANDBOX and not SMS_KEY:  # both ends of the sandbox are ours, and share this installation's keys
    SMS_KEY = hashlib.sha256(f"sandbox sms {SECRET_KEY}".encode()).hexdigest()

# Keepers of records: the credit bureau, the business registry. Unset: nobody is asked, and what only they know stays unknown.
KEEPERS = {keeper: {name: os.environ.get(f"PUHUI_{keeper.upper()}_{name.upper()}", "") for name in ("url", "key")}
           for keeper in ("bureau", "registry")}  # fmt: skip
for _keeper, _way in KEEPERS.items():
    if SANDBOX and not _way["key"]:  # as above
        _way["key"] = hashlib.sha256(f"sandbox {_keeper} {SECRET_KEY}".encode()).hexdigest()

# Advertising media: our accounts with them, and in the sandbox one address in place of all of theirs.
MEDIA_URL = os.environ.get("PUHUI_MEDIA_URL", "")
CLICK_KEY = hashlib.sha256(f"click push {SECRET_KEY}".encode()).hexdigest()
MEDIA_ACCOUNTS = {
    media: {name: os.environ.get(f"PUHUI_{media.upper()}_{name.upper()}", f"sandbox-{media}-{name}" if SANDBOX else "")
            for name in ("token", "sign_key")} for media in ("ocean_engine", "tencent", "kuaishou", "baidu")
}  # fmt: skip

# Alerts to people: e-mail by SMTP and the robots of office messengers. Unset: alerts stand on pages only, and nothing is queued.
EMAIL_HOST, EMAIL_PORT = os.environ.get("PUHUI_SMTP_HOST", "localhost"), int(os.environ.get("PUHUI_SMTP_PORT", "25"))
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = os.environ.get("PUHUI_SMTP_USER", ""), os.environ.get("PUHUI_SMTP_PASSWORD", "")
EMAIL_USE_SSL, EMAIL_USE_TLS = (os.environ.get("PUHUI_SMTP_SECURITY") == each for each in ("ssl", "starttls"))
EMAIL_TIMEOUT = 10
ALERT_MAIL_TO = [each.strip() for each in os.environ.get("PUHUI_ALERT_MAIL_TO", "").split(",") if each.strip()]
ALERT_MAIL_FROM = os.environ.get("PUHUI_ALERT_MAIL_FROM", "puhui@localhost")
ALERT_ROBOTS = {robot: {name: os.environ.get(f"PUHUI_ALERT_{robot.upper()}_{name.upper()}", "") for name in ("url", "secret")}
                for robot in ("wecom", "dingtalk", "feishu")}  # fmt: skip
ALERT_BASE = os.environ.get("PUHUI_ALERT_BASE", (CSRF_TRUSTED_ORIGINS or ["http://localhost:8000"])[0]).rstrip("/")

_PINE = {"50": "#eef6f4", "100": "#d9ebe6", "200": "#b3d8cf", "300": "#82bfb2", "400": "#4f9f90", "500": "#2c8073",
         "600": "#1d6a5f", "700": "#14524b", "800": "#0f423d", "900": "#0b3431", "950": "#06211f"}  # fmt: skip
UNFOLD = {
    "SITE_TITLE": "普惠 Puhui",
    "SITE_HEADER": "普惠 Puhui · 管理 admin",
    "SITE_URL": "/",
    "SITE_ICON": lambda request: static("puhui/seal.svg"),
    "COLORS": {"primary": _PINE},
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
}
