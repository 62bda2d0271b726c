"""Drive a headless Chromium: commands and answers of its DevTools protocol, as JSON on two pipes.

The protocol is described at https://chromedevtools.github.io/devtools-protocol/.
"""

import base64
import json
import os
import select
import shutil
import subprocess
import time

try:
    import fcntl
except ImportError:     # Windows, where a process can't be given pipes by their numbers
    fcntl = None

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = fcntl and next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    """with Browser(folder) as browser: browser.open(url)    `problems` holds what its pages report as wrong."""

    def __init__(self, folder):
        commands, write = os.pipe()
        read, answers = os.pipe()
        # Chromium reads commands from 3 and writes answers to 4. Our ends are moved out of the way of these.
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (commands, answers)]
        self.process = subprocess.Popen(
            [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe",
             "--no-first-run", "--disable-dev-shm-usage", f"--user-data-dir={folder}", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, close_fds=False,
            preexec_fn=lambda: [os.dup2(end, place) for end, place in zip(ends, (3, 4))])
        for end in (commands, answers, *ends):
            os.close(end)
        self.read, self.write, self.buffer, self.count = read, write, b"", 0
        self.session, self.problems = None, []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.send(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.session = None
        try:
            self.send("Browser.close")
            self.process.wait(10)       # killed, its children would still write into the folder
        finally:
            self.process.kill()
            self.process.wait()
            os.close(self.read)
            os.close(self.write)

    def send(self, method, **parameters):
        """Send a command and wait for its answer. -> its result"""
        self.count += 1
        message = {"id": self.count, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        content = json.dumps(message).encode() + b"\0"
        while content:
            content = content[os.write(self.write, content):]
        while True:
            answer = self._receive()
            if answer.get("id") == self.count:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def _receive(self, seconds=30):
        """The next message; problems of the page are kept."""
        while b"\0" not in self.buffer:
            if not select.select([self.read], [], [], seconds)[0]:
                raise TimeoutError(f"Chromium said nothing for {seconds} s")
            part = os.read(self.read, 1 << 16)
            if not part:
                raise RuntimeError("Chromium has ended")
            self.buffer += part
        line, _, self.buffer = self.buffer.partition(b"\0")
        message = json.loads(line)
        details = message.get("params", {})
        if message.get("method") == "Runtime.exceptionThrown":
            self.problems.append(details["exceptionDetails"]["exception"].get("description", "an exception"))
        elif message.get("method") == "Runtime.consoleAPICalled":
            self.problems.append(f"console.{details['type']}: {details['args']}")
        elif message.get("method") == "Log.entryAdded":
            self.problems.append(details["entry"]["text"])
        return message

    def open(self, url, seconds=20):
        """Open a page, and wait until it says that it is ready, and is drawn."""
        self.send("Page.navigate", url="about:blank")       # else only the part after # would change
        self.send("Page.navigate", url=url)
        end = time.monotonic() + seconds
        while self.run("document.documentElement?.dataset.ready") != "yes":
            if self.problems or time.monotonic() > end:
                raise TimeoutError(f"{url} isn't ready: {self.problems}")
            time.sleep(0.02)
        self.frame()

    def run(self, script):
        """The value of a JavaScript expression, or of the promise that it is."""
        answer = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def frame(self):
        """Wait until what was asked for has been drawn."""
        self.run("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")

    def size(self, width, height, dark=False):
        self.send("Emulation.setScrollbarsHidden", hidden=True)
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])

    def mouse(self, kind, x, y, button="left"):
        """kind: "mousePressed", "mouseMoved" or "mouseReleased" at a point of the window"""
        self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button=button, clickCount=1,
                  buttons=0 if kind == "mouseReleased" else 1)

    def click(self, x, y):
        for kind in ("mousePressed", "mouseReleased"):
            self.mouse(kind, x, y)

    def place(self, selector, across=0.5, down=0.5):
        """Scroll an element into view. -> a point in it, as fractions of its width and height"""
        self.run(f"document.querySelector({selector!r}).scrollIntoView({{block: 'center'}})")
        box = self.run(f"document.querySelector({selector!r}).getBoundingClientRect().toJSON()")
        return box["left"] + across * box["width"], box["top"] + down * box["height"]

    def press(self, key, shift=False):
        text = {"text": key} if len(key) == 1 else {}
        codes = {"Tab": 9, "Enter": 13, " ": 32, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
        for kind in ("keyDown", "keyUp"):
            self.send("Input.dispatchKeyEvent", type=kind, key=key, modifiers=8 * shift,
                      windowsVirtualKeyCode=codes.get(key, 0), **(text if kind == "keyDown" else {}))

    def screenshot(self, path, whole=True):
        shot = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))
