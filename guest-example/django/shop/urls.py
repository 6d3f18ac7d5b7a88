from django.urls import path

from . import views

app_name = "shop"

urlpatterns = [
    path("", views.home, name="home"),
    path("products", views.products, name="products"),
    path("order", views.Order.as_view(), name="order"),
]
