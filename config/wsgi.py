"""The WSGI application, for servers that want to be given one."""

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
