"""A CONNECT proxy that ends TLS for every name and passes the plain bytes to one node: yt-dlp's PeerTube
extractor asks https on port 443 only, and a test cannot have that."""

import socket
import ssl
import threading
from pathlib import Path

import trustme

HEADER_BYTES_MAX = 16 * 1024


class TlsProxy:
    """Listens on a free port of loopback; `authority` is the certificate that its clients must trust."""

    def __init__(self, folder: Path, host: str, node_port: int):
        authority = trustme.CA()
        self.authority = folder / "authority.pem"
        authority.cert_pem.write_to_path(self.authority)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(host).configure_cert(self.context)
        self.host, self.node_port = host, node_port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.connected_to: set[str] = set()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.tunnel, args=(client,), daemon=True).start()

    def tunnel(self, client: socket.socket) -> None:
        try:
            head = b""
            while b"\r\n\r\n" not in head:
                head += client.recv(4096)
                if len(head) > HEADER_BYTES_MAX:
                    return
            method, target, _ = head.split(b" ", 2)
            self.connected_to.add(target.decode())
            if method != b"CONNECT" or target.decode() != f"{self.host}:443":
                client.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
                return
            client.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            inner = self.context.wrap_socket(client, server_side=True)
            node = socket.create_connection(("127.0.0.1", self.node_port))
            back = threading.Thread(target=pour, args=(node, inner), daemon=True)
            back.start()
            pour(inner, node)
            back.join()
        except (OSError, ValueError):
            pass
        finally:
            client.close()

    def close(self) -> None:
        self.listener.close()


def pour(source, sink) -> None:
    try:
        while chunk := source.recv(65536):
            sink.sendall(chunk)
    except OSError:
        pass
    try:
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass
