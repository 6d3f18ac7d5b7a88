"""The pages: HTML, forms, cookies and sessions."""

from flask import (
    Blueprint,
    Response,
    flash,
    jsonify,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from werkzeug import Response as BaseResponse

blueprint = Blueprint("pages", __name__)


@blueprint.get("/")
def home() -> str:
    return render_template("home.html")


@blueprint.get("/hello/<name>")
def hello(name: str) -> Response:
    return Response(f"Hello, {name}!", mimetype="text/plain")


@blueprint.get("/template")
def template() -> str:
    return render_template("hello.html", name=request.args.get("name", "you"))


@blueprint.get("/form")
def form() -> str:
    return render_template("form.html")


@blueprint.post("/form")
def submit() -> Response:
    return jsonify(name=request.form["name"], color=request.form["color"])


@blueprint.get("/cookie")
def cookie() -> Response:
    response = jsonify(cookies=request.cookies.to_dict())
    response.set_cookie("seen", "yes", httponly=True)
    response.set_cookie("theme", "dark")
    return response


@blueprint.get("/session")
def count() -> Response:
    session["count"] = session.get("count", 0) + 1
    return jsonify(count=session["count"])


@blueprint.post("/flash")
def leave_message() -> BaseResponse:
    flash("Your order is on its way")
    return redirect(url_for("pages.messages"), 303)


@blueprint.get("/messages")
def messages() -> str:
    return render_template("messages.html")


@blueprint.get("/redirect")
def elsewhere() -> BaseResponse:
    return redirect(url_for("pages.hello", name="redirected"))
