import pytest

from funcserver import start
from funcserver.guest import handler
from funcserver.guest.kind import NotAnApp


def ok(environ, start_response):
    start_response("200 OK", [])
    return [b"ok"]


def answer_of(load):
    from wit_world.imports.types import IncomingRequest, ResponseOutparam

    handler.set_app(load)
    instance = handler.IncomingHandler()

    def send():
        out = ResponseOutparam()
        instance.handle(IncomingRequest(), out)
        return out.response

    return send


def test_the_app_is_loaded_at_the_first_request_and_once():
    loads = []

    def load():
        loads.append(1)
        return ok

    send = answer_of(load)
    assert loads == []
    assert [send().data, send().data, len(loads)] == [b"ok", b"ok", 1]


def test_what_the_app_wants_at_its_start_runs_before_its_first_request(monkeypatch):
    monkeypatch.setattr(start, "IN_COMPONENT", True)
    order = []
    start.on_start(lambda: order.append("before"))

    def load():
        order.append("load")
        start.on_start(lambda: order.append("after"))
        return ok

    send = answer_of(load)
    send(), send()
    assert order == ["before", "load", "after"]


def test_a_start_that_fails_is_a_500_and_is_tried_again(monkeypatch, capsys):
    monkeypatch.setattr(start, "IN_COMPONENT", True)
    attempts = []

    @start.on_start
    def connect():
        attempts.append(1)
        if len(attempts) == 1:
            raise KeyError("SECRET_KEY")

    send = answer_of(lambda: ok)
    assert send().status == 500
    assert "KeyError: 'SECRET_KEY'" in capsys.readouterr().err
    assert send().data == b"ok"
    assert len(attempts) == 2


def test_natively_a_start_function_runs_at_once_and_serve_does_nothing():
    ran = []
    assert start.on_start(ran.append.__self__.clear) is not None
    start.on_start(lambda: ran.append(1))
    assert ran == [1]
    assert start.serve(ok) is None


def test_what_is_no_app_is_a_500_that_says_what_it_is(capsys):
    assert answer_of(lambda: {})().status == 500
    assert "it is an object of the type `dict`" in capsys.readouterr().err
    with pytest.raises(NotAnApp):
        handler.server_of(None)


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit(), RecursionError()])
def test_no_exception_ends_the_instance(error, capsys):
    fail = [True]

    def app(environ, start_response):
        if fail.pop():
            fail.append(False)
            raise error
        fail.append(False)
        return ok(environ, start_response)

    send = answer_of(lambda: app)
    assert (send().status, send().data) == (500, b"ok")
    assert type(error).__name__ in capsys.readouterr().err


def test_an_instance_without_memory_ends():
    def app(environ, start_response):
        raise MemoryError

    with pytest.raises(MemoryError):
        answer_of(lambda: app)()
