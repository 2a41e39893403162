"""The site's addresses: the API, the admin, sign-in links, and the screens for everything else."""

from django.contrib import admin
from django.urls import path, re_path

from avsite import pages
from avsite.accounts.signin import sign_in_by_link
from avsite.api import api

admin.site.site_header = admin.site.site_title = "avsite"
admin.site.index_title = "Administration"

urlpatterns = [
    path("api/v1/", api.urls),
    path("admin/", admin.site.urls),
    path("signin/<str:token>", sign_in_by_link, name="signin-link"),
    re_path(r"^(?!api/|admin/|static/|ws/).*$", pages.screens, name="screens"),
]
handler404 = pages.not_found
handler500 = pages.server_error
