"""The certificate's seal: who sealed the PDF, over all of its bytes, with which manifest inside.

``evidence.md``, 3.2, claim ``certificate``. A reader of PDF and its signatures is a library's
(pyHanko); what is asked of them is stricter than PDF asks, so that no byte can change unseen:

- one signature, over the whole file but for its own place, which is spelt in one way;
- in the signature, what is not signed is as the sealer writes it: no other certificates than
  those on the way to the root, no further attributes, no second spelling;
- one attachment, ``bundle.json``, byte for byte the package's.

The way to the root is checked at the time that the seal states; a reader's roots alone are
trusted, a test root only where the reader allows it. Nothing is fetched. Proved by
``tests/chain/evidence/test_seal.py`` and row 42 of the hostile packages.
"""

import logging
from binascii import hexlify
from datetime import timedelta
from io import BytesIO
from typing import Any, Final

from asn1crypto import cms, core
from asn1crypto import x509 as der_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.decode_limits import (
    DecodeLimits,
    DocumentDecodeBudget,
    StreamDecodeLimits,
)
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko_certvalidator import ValidationContext

from chain.evidence import names
from chain.evidence.claims import MAX_MEMBER
from chain.evidence.fault import Fault, Unchecked
from chain.timestamp import TEST_ORGANISATION, read_authorities

SEAL: Final = "seal"
ATTACHMENT: Final = "attachment"
_MIB: Final = 2**20
# A certificate of 200 events decodes to some 2 MiB; more is an attack on our memory.
LIMITS: Final = DecodeLimits(
    per_stream=StreamDecodeLimits(max_output_size=MAX_MEMBER),
    document_budget=DocumentDecodeBudget(base_allowance=64 * _MIB, max_ratio=4),
)
_ATTRIBUTES: Final = ["content_type", "message_digest", "signing_certificate_v2"]
_USAGE: Final = KeyUsageConstraints(
    key_usage={"digital_signature", "non_repudiation"}, match_all_key_usages=False
)
# What they would say on the terminal, the report says.
for _name in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)


def check_certificate(
    pdf: bytes, bundle: bytes, roots: bytes | None, /, *, is_test_allowed: bool
) -> None:
    """Check that *pdf* is sealed under *roots* and that what is attached is *bundle*.

    Args:
        pdf: the certificate, trusted in nothing.
        bundle: ``bundle.json`` of the package that the certificate is in.
        roots: certificates in PEM that the reader trusts with seals, None if there are none.
        is_test_allowed: take a test seal's word too.

    Raises:
        Fault: ``seal`` or ``attachment``.
        Unchecked: ``no_outside_roots``: it is whole, and nobody vouches for who sealed it.
        MalformedError: *roots* are no certificates.
    """
    trusted = [] if roots is None else read_authorities(roots)
    try:
        signature, status = _read_seal(pdf, trusted)
        is_attached = _is_attached(signature.reader, bundle)
        is_test = _is_test(signature.signer_cert)
    except Exception as error:
        # The libraries raise what they like on bytes that are no PDF: all of it means this.
        raise Fault(SEAL, names.CERTIFICATE) from error
    if not (status.intact and status.valid):
        raise Fault(SEAL, names.CERTIFICATE)
    if not is_attached:
        raise Fault(ATTACHMENT, names.CERTIFICATE)
    if roots is None or (is_test and not is_test_allowed):
        raise Unchecked("no_outside_roots", names.CERTIFICATE)
    if not (status.trusted and status.bottom_line and _is_bare(signature, status)):
        raise Fault(SEAL, names.CERTIFICATE)


def _read_seal(pdf: bytes, trusted: list[x509.Certificate]) -> tuple[Any, Any]:
    """Return the one signature of *pdf*, and what the library finds of it.

    Raises:
        Fault: there is none, more than one, or it does not cover all, in one spelling.
        Exception: whatever the library raises on what is not a PDF.
    """
    reader = PdfFileReader(BytesIO(pdf), strict=True, decode_limits=LIMITS)
    signatures = reader.embedded_signatures
    if len(signatures) != 1 or reader.encrypted:
        raise Fault(SEAL)
    signature = signatures[0]
    _check_place(pdf, signature)
    _check_spelling(signature)
    context = ValidationContext(
        trust_roots=[_loaded(each) for each in trusted],
        moment=signature.self_reported_timestamp,
        allow_fetching=False,
        time_tolerance=timedelta(0),
    )
    status = validate_pdf_signature(signature, context, key_usage_settings=_USAGE)
    return signature, status


def _check_place(pdf: bytes, signature: Any) -> None:  # noqa: ANN401 — the library has no types
    """Check that all bytes but the signature's own are signed, and that those are spelt so.

    Raises:
        Fault: they are not.
    """
    start, before, after, rest = (int(each) for each in signature.byte_range)
    content = bytes(signature.pkcs7_content)
    place = b"<" + hexlify(content) + b">"
    is_whole = start == 0 and after + rest == len(pdf) and after - before == len(place)
    if not is_whole or pdf[before:after].lower() != place:
        raise Fault(SEAL)
    if pdf[before:after] not in (place, place.upper()):
        raise Fault(SEAL)  # one letter of another case is another file


def _check_spelling(signature: Any) -> None:  # noqa: ANN401 — the library has no types
    """Check that what of the signature is not itself signed is as a sealer writes it.

    Raises:
        Fault: it is not.
    """
    content = bytes(signature.pkcs7_content)
    info = cms.ContentInfo.load(content)
    written = info.dump()
    signed = info["content"]
    (signer,) = signed["signer_infos"]
    said = [each["type"].native for each in signer["signed_attrs"]]
    if sorted(said) != _ATTRIBUTES or content[len(written) :].strip(b"\0"):
        raise Fault(SEAL)
    name = signer["digest_algorithm"]["algorithm"].native
    algorithm = {"algorithm": name, "parameters": core.Null()}
    rebuilt = cms.ContentInfo(
        {
            "content_type": "signed_data",
            "content": cms.SignedData(
                {
                    "version": "v1",
                    "digest_algorithms": [algorithm],
                    "encap_content_info": {"content_type": "data"},
                    "certificates": [each.chosen.copy() for each in signed["certificates"]],
                    "signer_infos": [
                        {
                            "version": "v1",
                            "sid": cms.SignerIdentifier(
                                name="issuer_and_serial_number",
                                value=_issuer_of(signature.signer_cert),
                            ),
                            "digest_algorithm": algorithm,
                            "signed_attrs": signer["signed_attrs"].copy(),
                            "signature_algorithm": _plain(signer["signature_algorithm"]),
                            "signature": signer["signature"].native,
                        }
                    ],
                }
            ),
        }
    )
    if rebuilt.dump() != written:
        raise Fault(SEAL)


def _issuer_of(certificate: der_x509.Certificate) -> cms.IssuerAndSerialNumber:
    return cms.IssuerAndSerialNumber(
        {"issuer": certificate.issuer.copy(), "serial_number": certificate.serial_number}
    )


def _plain(algorithm: Any) -> dict[str, Any]:  # noqa: ANN401 — the library has no types
    """Return *algorithm* with the parameters that a sealer gives it: RSA's null, or none.

    Raises:
        Fault: it is one that needs others; no seal here is made with it.
    """
    name = algorithm["algorithm"].native
    if name.endswith("_rsa"):
        return {"algorithm": name, "parameters": core.Null()}
    if name.endswith("_ecdsa") or name in ("ed25519", "ed448"):
        return {"algorithm": name}
    raise Fault(SEAL)


def _is_bare(signature: Any, status: Any) -> bool:  # noqa: ANN401 — the library has no types
    """Say whether every certificate inside is on the way to the root."""
    path = {each.dump() for each in status.validation_path}
    return all(each.dump() in path for each in signature.other_embedded_certs)


def _is_attached(reader: PdfFileReader, bundle: bytes) -> bool:
    """Say whether *bundle* is the one file that the document has attached."""
    root = reader.root
    listed = root["/Names"]["/EmbeddedFiles"]["/Names"]
    # What a viewer lists and what belongs to the document are one and the same file.
    places = {str(each) for each in (*_raw(listed)[1::2], *_raw(root["/AF"]))}
    if list(map(str, _raw(listed)[::2])) != [names.BUNDLE] or len(places) != 1:
        return False
    embedded = listed[1]["/EF"]
    contents = {kind: bytes(embedded[kind].data) for kind in embedded}
    return "/F" in contents and {*contents} <= {"/F", "/UF"} and {*contents.values()} == {bundle}


def _raw(array: Any) -> list[Any]:  # noqa: ANN401 — the library has no types
    """Return the members of *array*, references as they are."""
    return [array.raw_get(place) for place in range(len(array))]


def _is_test(certificate: der_x509.Certificate) -> bool:
    organisations = certificate.subject.native.get("organization_name", ())
    return TEST_ORGANISATION in (
        organisations if isinstance(organisations, list) else [organisations]
    )


def _loaded(certificate: x509.Certificate) -> der_x509.Certificate:
    return der_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
