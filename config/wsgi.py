"""The WSGI application, for servers that want to be given one."""

from console.application import application as made

application = made()
