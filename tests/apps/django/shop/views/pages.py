"""The pages: HTML, forms, cookies, sessions and messages."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe
from django.views.generic import FormView, TemplateView

from ..forms import OrderForm


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "home.html")


@require_safe
def hello(request: HttpRequest, name: str) -> HttpResponse:
    return HttpResponse(f"Hello, {name}!", content_type="text/plain; charset=utf-8")


class Template(TemplateView):
    template_name = "hello.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(name=self.request.GET.get("name", "you"), **kwargs)


class Form(FormView):
    template_name = "form.html"
    form_class = OrderForm

    def form_valid(self, form: OrderForm) -> HttpResponse:
        return JsonResponse(form.cleaned_data)


@require_safe
def cookie(request: HttpRequest) -> HttpResponse:
    response = JsonResponse({"cookies": request.COOKIES})
    response.set_cookie("seen", "yes", httponly=True)
    response.set_cookie("theme", "dark")
    return response


@require_safe
def count(request: HttpRequest) -> HttpResponse:
    request.session["count"] = request.session.get("count", 0) + 1
    return JsonResponse({"count": request.session["count"]})


@csrf_exempt
@require_POST
def leave_message(request: HttpRequest) -> HttpResponse:
    messages.success(request, "Your order is on its way")
    response = redirect("messages")
    response.status_code = 303
    return response


class Messages(TemplateView):
    template_name = "messages.html"


@require_safe
def elsewhere(request: HttpRequest) -> HttpResponse:
    return redirect("/hello/redirected")
