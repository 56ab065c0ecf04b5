"""Every address that the web answers."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path
from django.views.generic import RedirectView

from console import booking, esp, feedback, forms, tasks, tracking, webhooks
from console.health import healthz
from console.unsubscribe import unsubscribe

urlpatterns = [
    path("", RedirectView.as_view(url="/admin/")),
    path("admin/", admin.site.urls),
    path("healthz", healthz),
    path("login", LoginView.as_view(template_name="tasks/login.html"), name="login"),
    path("logout", LogoutView.as_view(), name="logout"),
    path("tasks", tasks.queue, name="tasks"),
    path("tasks/<int:number>/<slug:deed>", tasks.act, name="task"),
    path("u/<str:token>", unsubscribe),
    path("n/<str:token>", feedback.score),
    path("c/<str:token>", tracking.click),
    path("o/<str:token>.gif", tracking.pixel),
    path("forms/<slug:name>", forms.submit),
    path("webhooks/cal/<str:address>", booking.cal),
    path("webhooks/hubspot/<slug:name>", webhooks.hubspot),
    path("webhooks/esp/<str:address>/tracking", esp.tracking),
    path("webhooks/esp/<str:address>/mime", esp.mime),
]

handler400 = "console.refusals.bad_request"
handler404 = "console.refusals.not_found"
handler500 = "console.refusals.failed"
