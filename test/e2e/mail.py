# SPDX-License-Identifier: Apache-2.0
"""A real mail server for tests: Postfix and Dovecot in a directory of their own, on free ports of the loopback address.

The system's mailer, if there is one, is never touched: configuration, queue, mail boxes, certificates and logs lie in a
temporary directory. Postfix wants to be started by root; where the test is not root, it says why and cannot run.
"""
import atexit
import grp
import imaplib
import os
import pwd
import shutil
import signal
import socket
import ssl
import subprocess
import time

import kr

DOMAIN = "mail.example.org"
MASTER = """
{smtp} inet n - n - - smtpd
{smtps} inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_sasl_type=dovecot
  -o smtpd_sasl_path=inet:127.0.0.1:{auth}
  -o smtpd_client_restrictions=permit_sasl_authenticated,reject
  -o smtpd_delay_reject=yes
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
MAIN = """
compatibility_level = 3.6
queue_directory = {base}/queue
data_directory = {base}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file_prefixes = {root}
maillog_file = {base}/postfix.log
myhostname = {domain}
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
local_recipient_maps =
alias_maps =
alias_database =
virtual_mailbox_domains = {domain}
virtual_mailbox_maps = hash:{base}/boxes
virtual_transport = lmtp:inet:127.0.0.1:{lmtp}
recipient_delimiter = +
smtpd_tls_cert_file = {base}/server.pem
smtpd_tls_key_file = {base}/server.key
smtpd_tls_security_level = may
transport_maps = inline:{{ {{ bounce.example.org = smtp:[127.0.0.1]:{refuser} }}, {{ down.example.org = smtp:[127.0.0.1]:1 }} }}
maximal_queue_lifetime = 0
bounce_queue_lifetime = 0
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access hash:{base}/access, permit_mynetworks, reject
smtpd_reject_unlisted_recipient = yes
smtpd_peername_lookup = no
disable_dns_lookups = yes
notify_classes =
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
smtpd_junk_command_limit = 1000
default_process_limit = 20
message_size_limit = 200000000
mailbox_size_limit = 0
virtual_mailbox_limit = 0
"""
DOVECOT = """
protocols = imap lmtp
base_dir = {base}/run
state_dir = {base}/run
log_path = {base}/dovecot.log
default_internal_user = {inner}
default_login_user = {login}
default_internal_group = {group}
mail_location = maildir:{base}/mail/%n
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = 1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain
recipient_delimiter = +
lmtp_save_to_detail_mailbox = no
passdb {{
  driver = static
  args = password=test
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={base}/mail/%n allow_all_users=yes
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    address = 127.0.0.1
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
service auth {{
  inet_listener {{
    address = 127.0.0.1
    port = {auth}
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


def missing():
    """Why the servers cannot run here; None if they can."""
    for path in ("/usr/sbin/postfix", "/usr/sbin/dovecot", "/usr/lib/dovecot/lmtp", "/usr/lib/dovecot/imap"):
        if not os.path.exists(path):
            return f"{path} is not installed"
    if not shutil.which("openssl"):
        return "openssl is not installed"
    return None if os.geteuid() == 0 else "Postfix is started by root only"


def certificate(base, name="localhost"):
    """A certificate authority and a certificate for 127.0.0.1 and localhost: ca.pem, server.pem, server.key."""
    def openssl(*args):
        subprocess.run(["openssl", *args], check=True, cwd=base, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    with open(os.path.join(base, "ext"), "w", encoding="utf-8") as f:
        f.write(f"subjectAltName=DNS:{name},IP:127.0.0.1\n")
    ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *ec, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Test authority")
    openssl("req", *ec, "-keyout", "server.key", "-out", "server.csr", "-subj", f"/CN={name}")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "ext", "-out", "server.pem")


def answers(port, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            time.sleep(0.05)
    return False


class Mail:
    """Postfix and Dovecot, running. boxes: names in DOMAIN that exist; refused, later: those that are refused for good, or for now.

    smtp: its port with STARTTLS, smtps: with implicit TLS and a login (any name, password "test").
    Mail to bounce.example.org is taken and comes back, since the next server refuses it; to down.example.org, since there is none.
    """

    def __init__(self, boxes=(), refused=(), later=()):
        self.base = kr.temp()
        os.chmod(self.base, 0o755)
        self.smtp, self.smtps, self.imap, self.lmtp, self.auth = (kr.free_port() for _ in range(5))
        self.etc = os.path.join(self.base, "etc")
        for name in ("etc", "queue", "data", "mail", "run"):
            os.makedirs(os.path.join(self.base, name))
        certificate(self.base)
        self.ca = os.path.join(self.base, "ca.pem")
        self.dovecot = None
        self.names = list(boxes) + list(refused) + list(later)
        self.refused, self.later = list(refused), list(later)
        self.refuser = Fault(smtp_refuses)
        self._postfix_files()
        self._dovecot_files()
        atexit.register(self.stop)
        self.start()

    # ---- files ----

    def _write(self, name, text):
        with open(os.path.join(self.base, name), "w", encoding="utf-8") as f:
            f.write(text)

    def _postfix_files(self):
        self._write("etc/main.cf", MAIN.format(base=self.base, root=os.path.dirname(self.base) or "/", domain=DOMAIN, lmtp=self.lmtp,
                                                  refuser=self.refuser.port))
        self._write("etc/master.cf", MASTER.format(smtp=f"127.0.0.1:{self.smtp}", smtps=f"127.0.0.1:{self.smtps}", auth=self.auth))
        self.maps()
        os.chown(os.path.join(self.base, "data"), pwd.getpwnam("postfix").pw_uid, -1)

    def maps(self):
        """Write who exists and who is refused; Postfix reads changed maps by itself."""
        self._write("boxes", "".join(f"{b}@{DOMAIN} {b}\n" for b in self.names))
        self._write("access", "".join(f"{b}@{DOMAIN} 550 5.1.1 no such person here\n" for b in self.refused)
                    + "".join(f"{b}@{DOMAIN} 450 4.2.0 greylisted, come back later\n" for b in self.later))
        for name in ("boxes", "access"):
            subprocess.run(["postmap", "-c", self.etc, f"hash:{self.base}/{name}"], check=True)

    def _dovecot_files(self):
        user = pwd.getpwnam("nobody")
        os.chown(os.path.join(self.base, "mail"), user.pw_uid, user.pw_gid)
        self._write("dovecot.conf", DOVECOT.format(base=self.base, imap=self.imap, lmtp=self.lmtp, auth=self.auth, inner="dovecot", login="dovenull",
                                                   group=grp.getgrgid(pwd.getpwnam("dovecot").pw_gid).gr_name,
                                                   uid=user.pw_uid, gid=user.pw_gid))

    # ---- running ----

    def start(self):
        log = open(os.path.join(self.base, "start.log"), "ab")
        self.dovecot = subprocess.Popen(["/usr/sbin/dovecot", "-F", "-c", os.path.join(self.base, "dovecot.conf")],
                                        stdout=log, stderr=log, start_new_session=True)
        self.start_postfix()
        if not answers(self.lmtp) or not answers(self.imap):
            raise RuntimeError("Dovecot does not answer\n" + self.log())

    def start_postfix(self):
        r = subprocess.run(["/usr/sbin/postfix", "-c", self.etc, "start"], capture_output=True, text=True, timeout=60)
        if r.returncode or not answers(self.smtp):
            raise RuntimeError(f"Postfix does not start\n{r.stdout}{r.stderr}{self.log()}")

    def stop_postfix(self):
        subprocess.run(["/usr/sbin/postfix", "-c", self.etc, "stop"], capture_output=True, timeout=60)

    def stop(self):
        if not self.dovecot:
            return
        self.stop_postfix()
        self.dovecot.send_signal(signal.SIGTERM)
        try:
            self.dovecot.wait(10)
        except subprocess.TimeoutExpired:
            self.dovecot.kill()
            self.dovecot.wait()
        self.dovecot = None

    def log(self):
        text = ""
        for name in ("start.log", "postfix.log", "dovecot.log"):
            try:
                with open(os.path.join(self.base, name), encoding="utf-8", errors="replace") as f:
                    text += f"== {name}\n{f.read()[-4000:]}\n"
            except OSError:
                pass
        return text

    # ---- reading ----

    def read(self, box, count=1, seconds=20):
        """The messages of a box as bytes, once there are so many, in the order of arrival."""
        end = time.monotonic() + seconds
        while True:
            got = self._fetch(box)
            if len(got) >= count or time.monotonic() > end:
                return got
            time.sleep(0.1)

    def _fetch(self, box):
        c = imaplib.IMAP4("127.0.0.1", self.imap)
        try:
            c.login(box, "test")
            if c.select("INBOX", readonly=True)[0] != "OK":
                return []
            numbers = c.search(None, "ALL")[1][0].split()
            return [c.fetch(n, "(RFC822)")[1][0][1] for n in numbers]
        finally:
            c.logout()


class Fault:
    """A mail server that goes wrong as told: a function of (connection as a file, received lines) for each connection, on a thread."""

    def __init__(self, run):
        import threading

        self.run = run
        self.connections = 0
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(20)
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while True:
            try:
                c, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            try:
                with c, c.makefile("rwb") as f:
                    self.run(self, f)
            except OSError:
                pass

    def stop(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


def smtp_until_data(f):
    """Answer everything up to DATA and its 354; True if it came to that."""
    f.write(b"220 fault\r\n")
    f.flush()
    for line in f:
        word = line[:4].upper()
        f.write(b"354 go on\r\n" if word == b"DATA" else b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")
        f.flush()
        if word in (b"DATA", b"QUIT"):
            return word == b"DATA"
    return False


def smtp_refuses(_, f):
    """A server that knows nobody."""
    f.write(b"220 refuser\r\n")
    f.flush()
    for line in f:
        word = line[:4].upper()
        f.write(b"550 5.1.1 no such user\r\n" if word in (b"RCPT", b"DATA") else b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")
        f.flush()
        if word == b"QUIT":
            return


def tls_context(base):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    c.load_cert_chain(os.path.join(base, "server.pem"), os.path.join(base, "server.key"))
    return c
