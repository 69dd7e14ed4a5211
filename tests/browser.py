"""A real browser without a window, driven over two pipes: for pages that are tried as a reader uses them."""

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

PROGRAM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome", "chrome") if (found := shutil.which(name))),
    None,
)
_SECONDS = 60


class Browser:
    """One page in Chromium, from its start to `close`.

    Messages are those of the DevTools protocol, each ended by a zero byte; the browser reads from its descriptor 3 and
    writes to 4.
    """

    def __init__(self):
        assert PROGRAM is not None
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        reads, self._to = os.pipe()
        self._from, writes = os.pipe()
        # A sandbox needs rights that a container does not give, and the page is our own.
        command = [
            *(PROGRAM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
            *("--disable-background-networking", f"--user-data-dir={self._folder.name}", "--remote-debugging-pipe"),
        ]
        # Neither of them is 3 or 4 already.
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (reads, writes)]

        def connect():
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        quiet = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
        self._process = subprocess.Popen(command, pass_fds=(3, 4), preexec_fn=connect, **quiet)
        for end in ends:
            os.close(end)
        os.close(reads)
        os.close(writes)
        self._buffer, self._number, self._session, self.messages = b"", 0, None, []
        target = self._send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for name in ("Page", "Runtime", "Network"):
            self._send(f"{name}.enable")

    def close(self):
        """End the browser."""
        self._process.terminate()
        self._process.wait(timeout=_SECONDS)
        os.close(self._to)
        os.close(self._from)
        self._folder.cleanup()

    def _send(self, method, **params):
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]
            self.messages.append(answer)

    def _receive(self):
        until = time.monotonic() + _SECONDS
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._from], [], [], max(until - time.monotonic(), 0.0))
            assert ready, "the browser does not answer"
            part = os.read(self._from, 1 << 16)
            assert part, "the browser has ended"
            self._buffer += part
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)

    def open(self, path, width=1200, height=800, scheme="light"):
        """Show a file, in a window of a size; narrow ones as on a phone."""
        self._send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        self._send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.messages.clear()
        self._send("Page.navigate", url=path.resolve().as_uri())
        while not any(message.get("method") == "Page.loadEventFired" for message in self.messages):
            self.messages.append(self._receive())

    def value(self, expression):
        """What an expression of JavaScript gives."""
        answer = self._send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def text(self, selector):
        """The text that an element shows."""
        return self.value(f"document.querySelector({json.dumps(selector)}).innerText")

    def press(self, key):
        """A key of the keyboard."""
        codes = {"End": 35, "Home": 36, "ArrowLeft": 37, "ArrowRight": 39}
        for kind in ("rawKeyDown", "keyUp"):
            self._send("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=codes[key])

    def click(self, selector):
        """The left button of the mouse, in the middle of an element."""
        place = self.value(
            f"(() => {{ const found = document.querySelector({json.dumps(selector)});"
            " found.scrollIntoView({block: 'center'});"
            " const box = found.getBoundingClientRect();"
            " return [box.x + box.width / 2, box.y + box.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self._send("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1)

    def requests(self):
        """The addresses that were asked for since the page was opened."""
        sent = [each["params"] for each in self.messages if each.get("method") == "Network.requestWillBeSent"]
        return [each["request"]["url"] for each in sent]

    def errors(self):
        """What went wrong in scripts since the page was opened."""
        return [each["params"] for each in self.messages if each.get("method") == "Runtime.exceptionThrown"]

    def picture(self, path):
        """Write what is seen to a PNG file."""
        path.write_bytes(base64.b64decode(self._send("Page.captureScreenshot", format="png")["data"]))
