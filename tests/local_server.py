"""A local HTTP server for one test: real sockets, any handler, nothing left open behind it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer


@contextmanager
def served(answer: Callable[[BaseHTTPRequestHandler, bytes], None], *, at_once: bool = True) -> Iterator[str]:
    """The address at which `answer` gets each POST with its body. `at_once`: a thread a request, or one request after the other."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answer(self, self.rfile.read(int(self.headers["Content-Length"])))

        def log_message(self, *args: object) -> None:
            pass

    server = (ThreadingHTTPServer if at_once else HTTPServer)(("127.0.0.1", 0), Handler)
    if isinstance(server, ThreadingHTTPServer):
        server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
