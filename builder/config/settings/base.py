"""Settings every installation shares. Safe by default: no debug, no secret key, no open host."""

from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from builder.common.databases import database_settings

BASE_DIR = Path(__file__).resolve().parents[3]

env = environ.Env()
# A .env file in the checkout is read when present, so that commands and the web server agree.
environ.Env.read_env(BASE_DIR / ".env")

DEBUG = False
# The demonstration makes accounts with a published password.
DEMONSTRATION_ALLOWED = False
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=[])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "csp",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    # The rooms come before allauth, so that their sign-in pages are found first.
    "builder",
    "exports",
    "annotations",
    "allauth",
    "allauth.account",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    # Before whatever may answer by itself, such as a redirect to the address with a slash.
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "builder.common.middleware.DomainErrorMiddleware",
]

ROOT_URLCONF = "builder.config.urls"
WSGI_APPLICATION = "builder.config.wsgi.application"
FORM_RENDERER = "builder.common.renderers.DesignSystemRenderer"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "builder.common.page_frame.page_frame",
            ],
        },
    },
]

DATABASES = {
    "default": database_settings(env.db_url("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'db.sqlite3'}"))
}
# Where files lie that a job is yet to read; empty means beside the SQLite database.
JOB_FILES_DIR = env.str("JOB_FILES_DIR", default="")
# How long a job stays a worker's without a sign of life; a living worker gives one every quarter of it.
JOB_LEASE_SECONDS = 60
# How long an answer that a grader took from the rest of a session stays theirs without a verdict.
GRADING_LEASE_MINUTES = env.int("GRADING_LEASE_MINUTES", default=20)
# Tokens of other systems are encrypted with the first; the others still read. Empty: derived from SECRET_KEY.
FIELD_ENCRYPTION_KEYS: list[str] = env.list("FIELD_ENCRYPTION_KEYS", default=[])
# A lead enters the address of a Label Studio, so the operator says which ones this server may connect to.
LABEL_STUDIO_ALLOWED_HOSTS: list[str] = env.list("LABEL_STUDIO_ALLOWED_HOSTS", default=[])
LABEL_STUDIO_ALLOW_PRIVATE_ADDRESSES = env.bool("LABEL_STUDIO_ALLOW_PRIVATE_ADDRESSES", default=False)
# A spaCy model's package: with it, Presidio looks for names too. Empty: the own rules and ko-pii alone.
PHI_PRESIDIO_MODEL = env.str("PHI_PRESIDIO_MODEL", default="")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Rate limits of sign-in must hold across processes, so the cache lives in the database by default.
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "builder_cache"},
}

AUTH_USER_MODEL = "builder.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "builder:my-work"
ACCOUNT_ADAPTER = "builder.common.accounts.InvitationOnlyAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"

LANGUAGE_CODE = "en-gb"
LANGUAGES = [("en", _("English")), ("ko", _("Korean"))]
FORMAT_MODULE_PATH = ["builder.config.formats"]
LOCALE_PATHS = [BASE_DIR / "builder" / "locale"]
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
# The address people reach the site at: mail sent by a command has no request to take it from.
SITE_URL = env.str("SITE_URL", default="")
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM", default="Clinwright <clinwright@localhost>")
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
    },
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 12 * 60 * 60
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "builder.api.authentication.ApiTokenAuthentication",
        "builder.api.authentication.SessionOr401Authentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "builder.api.parsers.StrictJSONParser",
    ],
    # `?format=` is a bundle's format.
    "URL_FORMAT_OVERRIDE": None,
    "DEFAULT_PAGINATION_CLASS": "builder.common.pagination.NumberedPages",
    "PAGE_SIZE": 50,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "builder.api.errors.handle_exception",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Clinwright",
    "DESCRIPTION": "Cases, releases, runs, grading sessions and scores. Every verb of the pages and commands.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    # A content has null in places, which 3.0 can only say in a dialect of its own.
    "OAS_VERSION": "3.1.0",
    "ENUM_NAME_OVERRIDES": {
        "CaseState": "builder.models.cases.CaseState.values",
        "SessionState": "annotations.models.sessions.SessionState.values",
        "Ruling": "annotations.models.grades.Ruling.values",
        "Stage": "exports.models.releases.Stage.values",
        "FirstStage": "exports.api.serializers.FIRST_STAGE_VALUES",
        "NextStage": "exports.api.serializers.NEXT_STAGE_VALUES",
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
