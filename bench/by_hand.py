"""The shipped rules for opening an account, written by hand: the yardstick of the compiled evaluator.

What an engineer would write who knows the rules, the switches and the provider's program by heart and owes nobody a
citation, an explanation or another reading: look-ups in dictionaries, local variables, early exits. Tests hold it to
the findings of the rules, in their order. Special measures are not its subject, and who stands behind the holders of an
ownership graph it asks of the engine.
"""

from __future__ import annotations

import pycountry

from engine.evaluators.compiled.evaluator import days_between
from engine.ownership import LOOK_THROUGH, resolve

TERRITORIES = ("AS", "GU", "MP", "PR", "UM", "VI")
US = frozenset(
    {"US", *TERRITORIES}
    | {place.code for place in pycountry.subdivisions if place.country_code in {"US", *TERRITORIES}}
)
IN_FORCE_FROM = "2024-01-29"
NETWORK_SERVICES = frozenset({"cdn", "proxy", "dns_resolution"})
INDIVIDUAL_ADDRESSES = frozenset({"residential", "business", "apo_fpo"})
ENTITY_ADDRESSES = frozenset({"principal_place", "inquiry"})
PROBLEMS = {
    "dangling": ("cip.owners/held-unknown", "/owner_of"),
    "opaque": ("cip.owners/holder-opaque", ""),
    "part_unknown": ("cip.owners/holder-partly-known", ""),
    "cycle": ("cip.owners/holders-in-a-circle", ""),
    "over_100": ("cip.owners/shares-above-whole", "/pct"),
    "repeated": ("cip.owners/holder-repeated", ""),
    "held_individual": ("cip.owners/individual-held", "/owner_of"),
}
RESELLER_PARAGRAPHS = frozenset({"c", "d", "e", "f"})
NOTHING: dict = {}

FILE_ORDER = {
    rule: position
    for position, rule in enumerate(
        f"{rule_set}/{rule}"
        for rule_set, rules in {
            "certification.first_form": "not-yet",
            "cip.collection": """
                name trading-names owner-name address address-kind individual-address individual-street principal-place
                inquiry-address is-business entity-street address-country locations-of-use organized-in named-owner
                owner-address owner-address-kind owner-suitable-address owner-street owner-address-country
                owner-locations-of-use payments payment-kind payment-identifier owner-payments owner-payment-identifier
                email owner-email phone owner-phone access-log access-ip access-time owner-access-log owner-access""",
            "cip.gate": """
                us-persons standing-conflict owner-standing-conflict resold customer-kind us-office""",
            "cip.owners": """
                names none-named none-qualifies reason-recorded share-unknown held-unknown holder-opaque
                holder-partly-known holders-incomplete holders-in-a-circle shares-above-whole holder-repeated
                individual-held""",
            "cip.program": "reseller-only adopted-program",
            "cip.records": "resolution",
            "cip.verification": """
                unverified method pending-restricted deprovisioned failed removed-before signatories doubts discrepancy
                owner-unverified owner-method owner-pending-restricted owner-deprovisioned owner-failed owner-doubts""",
            "exemption.finding": "provider account-type reseller notice-overdue revoked",
            "reseller.evidence": "terminated terminate-overdue received",
            "reseller.program": "absent",
            "reseller.resale": "becomes-reseller paragraphs-unknown insufficient",
            "reseller.training_reports": "suspended suspend ask assured",
            "scope.product": "foreign-provider not-infrastructure not-us-product software-kind no-relationship",
        }.items()
        for rule in rules.split()
    )
}


def findings(facts: dict, as_of: str) -> list[tuple[str, str]]:
    """Rule and JSON Pointer of every finding on an `account.open` of that day, in the order of the rule files.

    `facts` are those of a request that fits the vocabulary.
    """
    if as_of < IN_FORCE_FROM:
        return [("ostiary.law/not-in-force", "")]
    product = facts.get("product") or NOTHING
    kind = product.get("kind")
    runs_software = product.get("runs_customer_software")
    provider = facts.get("provider") or NOTHING
    provider_is_foreign = provider.get("us_person") is False
    is_no_infrastructure = kind == "domain_registration" or (runs_software is False and kind not in NETWORK_SERVICES)
    is_not_us = product.get("owned_by_us_person") is False and product.get("operated_in_us") is False

    out: list[tuple[str, str]] = []
    exempt = (
        _exemption_findings(out, provider.get("exemption"), facts.get("reseller") or NOTHING, as_of)
        if provider
        else None
    )
    reseller = facts.get("reseller")
    if reseller and not provider_is_foreign and not reseller.get("us_person"):
        is_exempt_reseller = exempt == "reseller" and _is_named(reseller, provider["exemption"])
        if is_exempt_reseller:
            out.append(("exemption.finding/reseller", "/provider/exemption"))
        in_reach = not is_no_infrastructure and not is_not_us and not is_exempt_reseller
        _reseller_findings(out, reseller, as_of, in_reach=in_reach)
        if in_reach and exempt != "account_type" and (reseller.get("program") or NOTHING).get("written") is False:
            out.append(("reseller.program/absent", "/reseller/program/written"))
    elif reseller and exempt == "reseller" and _is_named(reseller, provider["exemption"]):
        out.append(("exemption.finding/reseller", "/provider/exemption"))
    if provider_is_foreign or is_no_infrastructure or is_not_us:
        if provider_is_foreign:
            out.append(("scope.product/foreign-provider", "/provider/us_person"))
        if is_no_infrastructure:
            out.append(("scope.product/not-infrastructure", "/product"))
        if is_not_us:
            out.append(("scope.product/not-us-product", "/product"))
    elif exempt == "provider":
        if not _is_us_customer(facts.get("customer") or NOTHING):
            _resale_findings(out, facts, as_of)
    elif exempt != "account_type":
        _account_findings(out, facts, as_of)
        if product.get("formal_relationship") is False:
            out.append(("scope.product/no-relationship", "/product/formal_relationship"))
    if kind == "software" and runs_software is None and not provider_is_foreign and not is_not_us:
        out.append(("scope.product/software-kind", "/product/runs_customer_software"))
    if len(out) > 1:
        # Findings about owners are made owner by owner, and wanted rule by rule.
        out.sort(key=_position)
    return out


def _position(finding: tuple[str, str]) -> int:
    return FILE_ORDER[finding[0]]


def _is_us_customer(customer: dict) -> bool:
    kind = customer.get("kind")
    if kind == "individual":
        return bool(
            customer.get("us_citizen") or customer.get("us_permanent_resident") or customer.get("located_in") in US
        )
    branch_of = customer.get("branch_of_organized_in")
    return kind == "entity" and (customer.get("organized_in") if branch_of is None else branch_of) in US


def _account_findings(out: list, facts: dict, as_of: str) -> None:  # noqa: PLR0915 - a call less is a call less
    customer = facts.get("customer") or NOTHING
    kind = customer.get("kind")
    is_entity = kind == "entity"
    organized_in = customer.get("branch_of_organized_in")
    if organized_in is None:
        organized_in = customer.get("organized_in")
    is_us = _is_us_customer(customer)
    if kind is None:
        out.append(("cip.gate/customer-kind", "/customer/kind"))

    listed, holders = customer.get("beneficial_owners") or (), customer.get("holders")
    owned = resolve(customer, LOOK_THROUGH) if holders else None
    owners = []
    owners_are_us = True
    for index, owner in enumerate(listed if owned is None else owned["owners"]):
        if owned is None:
            at, pct = f"/customer/beneficial_owners/{index}", owner.get("ownership_pct")
            is_owner = pct is None or pct >= 25
        else:
            at = owner.at
            is_owner = owner["reaches_quarter"] or (owner["listed"] and owner.get("ownership_pct") is None)
        if is_owner or owner.get("substantial_control") or owner.get("control_by"):
            standing = owner.get("us_person_status")
            owner_is_us = owner.get("us_citizen") or owner.get("us_permanent_resident") or owner.get("located_in") in US
            is_verified_us = owner_is_us and standing == "verified"
            is_foreign = not owner_is_us or standing == "claimed"
            owners.append((at, owner, is_foreign, is_verified_us))
            if not is_verified_us:
                owners_are_us = False

    knows_all_owners = True
    if is_entity:
        knows_all_owners = bool(owners)
        if not is_us and customer.get("located_in") in US and organized_in is not None:
            out.append(("cip.gate/us-office", "/customer/located_in"))
        if not owners:
            if customer.get("no_owner_reason") is not None:
                out.append(("cip.owners/reason-recorded", "/customer/no_owner_reason"))
            elif listed:
                out.append(("cip.owners/none-qualifies", "/customer/beneficial_owners"))
            elif is_us or holders:
                out.append(("cip.owners/none-named", "/customer/beneficial_owners"))
            else:
                out.append(("cip.owners/names", "/customer/beneficial_owners"))
        if owned is not None and not _holders_are_resolved(out, owned["ownership_problems"], has_owner=bool(owners)):
            knows_all_owners = False

    identity = customer.get("identity") or NOTHING
    if is_us and owners_are_us and knows_all_owners and customer.get("us_person_status") == "verified":
        if not (facts.get("account") or NOTHING).get("resold_to_foreign_person"):
            _exempt_findings(out, customer, identity, owners, is_entity=is_entity)
            return
        out.append(("cip.gate/resold", "/account/resold_to_foreign_person"))

    if not is_us:
        _resale_findings(out, facts, as_of)
    certified_on = (facts.get("provider") or NOTHING).get("certified_on")
    if certified_on is not None and certified_on > as_of:
        out.append(("certification.first_form/not-yet", "/provider/certified_on"))
    for index, discrepancy in enumerate(customer.get("discrepancies") or ()):
        if discrepancy.get("resolved_on") is not None and discrepancy.get("note") is None:
            out.append(("cip.records/resolution", f"/customer/discrepancies/{index}/note"))
    provider = facts.get("provider") or NOTHING
    if provider.get("upstream_program_adopted"):
        only_resells = provider.get("reseller_only")
        if only_resells is None:
            out.append(("cip.program/reseller-only", "/provider/reseller_only"))
        elif not only_resells:
            out.append(("cip.program/adopted-program", "/provider/upstream_program_adopted"))
    _collection_findings(out, customer, is_entity=is_entity)
    _verification_findings(out, customer, identity, as_of, is_entity=is_entity)
    for at, owner, is_foreign, is_verified_us in owners:
        if is_foreign:
            _owner_collection_findings(out, at, owner, customer)
        elif is_entity and owner.get("name") is None:
            out.append(("cip.collection/named-owner", f"{at}/name"))
        _owner_verification_findings(out, at, owner, as_of, is_verified_us=is_verified_us)


def _exemption_findings(out: list, exemption: dict | None, reseller: dict, as_of: str) -> str | None:
    """Whom the finding exempts, if one stands on the day."""
    if not exemption:
        return None
    granted_on, revoked_on = exemption.get("granted_on"), exemption.get("revoked_on")
    if revoked_on is not None and revoked_on <= as_of:
        out.append(("exemption.finding/revoked", "/provider/exemption/revoked_on"))
        return None
    if granted_on is None or granted_on > as_of:
        return None
    holder, last = exemption.get("holder"), exemption.get("last_notice_on") or granted_on
    is_relied_on = holder in {"provider", "account_type"} or (holder == "reseller" and _is_named(reseller, exemption))
    if is_relied_on and days_between(last, as_of) > 365:
        out.append(("exemption.finding/notice-overdue", "/provider/exemption/last_notice_on"))
    if holder in {"provider", "account_type"}:
        out.append((f"exemption.finding/{holder.replace('_', '-')}", "/provider/exemption"))
    return holder


def _is_named(reseller: dict, exemption: dict) -> bool:
    return reseller.get("id") is not None and reseller["id"] == exemption.get("reseller_id")


def _reseller_findings(out: list, reseller: dict, as_of: str, *, in_reach: bool) -> None:
    terminated_on, suspended_on = reseller.get("terminated_on"), reseller.get("suspended_on")
    assurances_on = reseller.get("assurances_on")
    if assurances_on is not None and assurances_on > as_of:
        assurances_on = None
    is_suspended = (
        suspended_on is not None and suspended_on <= as_of and (assurances_on is None or assurances_on < suspended_on)
    )
    if in_reach and terminated_on is not None and terminated_on <= as_of:
        out.append(("reseller.evidence/terminated", "/reseller/terminated_on"))
    if is_suspended:
        out.append(("reseller.training_reports/suspended", "/reseller/suspended_on"))
    for index, evidence in enumerate(reseller.get("evidence") or ()):
        at, received_on = f"/reseller/evidence/{index}", evidence.get("received_on")
        known_on, remedied_on = evidence.get("non_remediation_known_on"), evidence.get("remediated_on")
        is_remedied = remedied_on is not None and remedied_on <= as_of
        is_unremedied = known_on is not None and known_on <= as_of and not (is_remedied and remedied_on >= known_on)
        is_open = (received_on is None or received_on <= as_of) and (
            not is_remedied or is_unremedied or evidence.get("raises_risk")
        )
        if evidence.get("kind") != "training_report_breach":
            if in_reach and is_open:
                ends = is_unremedied or evidence.get("raises_risk")
                if received_on is None:
                    out.append(("reseller.evidence/received", f"{at}/received_on"))
                elif ends and days_between(received_on, as_of) > 30:
                    out.append(("reseller.evidence/terminate-overdue", at))
        elif is_unremedied:
            if assurances_on is None or assurances_on < known_on:
                if is_open:
                    out.append(("reseller.training_reports/suspend", at))
            elif not is_suspended:
                out.append(("reseller.training_reports/assured", at))
        elif is_open:
            out.append(("reseller.training_reports/ask", at))


def _resale_findings(out: list, facts: dict, as_of: str) -> None:
    if not (facts.get("account") or NOTHING).get("resold_to_foreign_person"):
        return
    reseller = facts.get("reseller") or NOTHING
    if reseller.get("us_person"):
        return
    exemption = (facts.get("provider") or NOTHING).get("exemption") or NOTHING
    if _exemption_findings([], exemption, reseller, as_of) == "reseller" and _is_named(reseller, exemption):
        return
    program = reseller.get("program") or NOTHING
    is_written, meets = program.get("written"), program.get("meets")
    if is_written is None:
        out.append(("reseller.resale/becomes-reseller", "/reseller/program"))
    elif is_written and not meets:
        out.append(("reseller.resale/paragraphs-unknown", "/reseller/program/meets"))
    if meets and not RESELLER_PARAGRAPHS.issubset(meets):
        out.append(("reseller.resale/insufficient", "/reseller/program/meets"))


def _exempt_findings(out: list, customer: dict, identity: dict, owners: list, *, is_entity: bool) -> None:
    out.append(("cip.gate/us-persons", "/customer/us_person_status"))
    if (
        identity.get("status") in {"failed", "unverified", "pending"}
        or (identity.get("doubts") and not (is_entity and identity.get("signatories_examined")))
        or customer.get("removed_as_unverified")
    ):
        out.append(("cip.gate/standing-conflict", "/customer/identity"))
    for at, owner, _, _ in owners:
        owner_identity = owner.get("identity") or NOTHING
        if owner_identity.get("status") in {"failed", "unverified", "pending"} or owner_identity.get("doubts"):
            out.append(("cip.gate/owner-standing-conflict", f"{at}/identity"))


def _collection_findings(out: list, customer: dict, *, is_entity: bool) -> None:  # noqa: PLR0915 - likewise
    if customer.get("name") is None:
        out.append(("cip.collection/name", "/customer/name"))
    address = customer.get("address") or NOTHING
    kind = address.get("kind")
    if kind is None:
        if any(value is not None for value in address.values()):
            out.append(("cip.collection/address-kind", "/customer/address/kind"))
        else:
            out.append(("cip.collection/address", "/customer/address"))
    else:
        if is_entity:
            if kind not in ENTITY_ADDRESSES:
                out.append(("cip.collection/principal-place", "/customer/address/kind"))
            else:
                if kind == "inquiry":
                    is_business = customer.get("is_business")
                    if is_business:
                        out.append(("cip.collection/inquiry-address", "/customer/address/kind"))
                    elif is_business is None:
                        out.append(("cip.collection/is-business", "/customer/is_business"))
                if address.get("street") is None and address.get("city") is None:
                    out.append(("cip.collection/entity-street", "/customer/address/street"))
        elif customer.get("kind") == "individual":
            if kind not in INDIVIDUAL_ADDRESSES:
                out.append(("cip.collection/individual-address", "/customer/address/kind"))
            elif _lacks_street(address, kind):
                out.append(("cip.collection/individual-street", "/customer/address/street"))
        if kind != "apo_fpo" and address.get("country") is None:
            out.append(("cip.collection/address-country", "/customer/address/country"))
    if is_entity:
        if customer.get("trades_under_other_names") and not customer.get("trading_names"):
            out.append(("cip.collection/trading-names", "/customer/trading_names"))
        if customer.get("organized_in") is None and customer.get("branch_of_organized_in") is None:
            out.append(("cip.collection/organized-in", "/customer/organized_in"))
    if not customer.get("locations_of_use"):
        out.append(("cip.collection/locations-of-use", "/customer/locations_of_use"))
    payments = customer.get("payments")
    if not payments:
        out.append(("cip.collection/payments", "/customer/payments"))
    else:
        for index, payment in enumerate(payments):
            kind = payment.get("kind")
            if kind is None:
                out.append(("cip.collection/payment-kind", f"/customer/payments/{index}/kind"))
            if payment.get("identifier") is None and not (kind == "no_charge" and _has_customer_identifier(payments)):
                out.append(("cip.collection/payment-identifier", f"/customer/payments/{index}/identifier"))
    if not customer.get("emails"):
        out.append(("cip.collection/email", "/customer/emails"))
    if not customer.get("phones"):
        out.append(("cip.collection/phone", "/customer/phones"))
    accesses = customer.get("access_log")
    if not accesses:
        out.append(("cip.collection/access-log", "/customer/access_log"))
    else:
        for index, access in enumerate(accesses):
            if access.get("ip") is None:
                out.append(("cip.collection/access-ip", f"/customer/access_log/{index}/ip"))
            if access.get("at") is None:
                out.append(("cip.collection/access-time", f"/customer/access_log/{index}/at"))


def _owner_collection_findings(out: list, at: str, owner: dict, customer: dict) -> None:
    if owner.get("name") is None:
        out.append(("cip.collection/owner-name", f"{at}/name"))
    address = owner.get("address") or NOTHING
    kind = address.get("kind")
    if kind is None:
        if any(value is not None for value in address.values()):
            out.append(("cip.collection/owner-address-kind", f"{at}/address/kind"))
        else:
            out.append(("cip.collection/owner-address", f"{at}/address"))
    else:
        if kind not in INDIVIDUAL_ADDRESSES:
            out.append(("cip.collection/owner-suitable-address", f"{at}/address/kind"))
        elif _lacks_street(address, kind):
            out.append(("cip.collection/owner-street", f"{at}/address/street"))
        if kind != "apo_fpo" and address.get("country") is None:
            out.append(("cip.collection/owner-address-country", f"{at}/address/country"))
    if not owner.get("locations_of_use"):
        out.append(("cip.collection/owner-locations-of-use", f"{at}/locations_of_use"))
    payments = owner.get("payments")
    if not payments:
        out.append(("cip.collection/owner-payments", f"{at}/payments"))
    else:
        for payment in payments:
            kind = payment.get("kind")
            if kind is None or (
                payment.get("identifier") is None
                and not (kind == "no_charge" and _has_customer_identifier(customer.get("payments") or ()))
            ):
                out.append(("cip.collection/owner-payment-identifier", f"{at}/payments"))
                break
    if not owner.get("emails"):
        out.append(("cip.collection/owner-email", f"{at}/emails"))
    if not owner.get("phones"):
        out.append(("cip.collection/owner-phone", f"{at}/phones"))
    accesses = owner.get("access_log")
    if not accesses:
        out.append(("cip.collection/owner-access-log", f"{at}/access_log"))
    else:
        for access in accesses:
            if access.get("ip") is None or access.get("at") is None:
                out.append(("cip.collection/owner-access", f"{at}/access_log"))
                break


def _verification_findings(out: list, customer: dict, identity: dict, as_of: str, *, is_entity: bool) -> None:
    status = identity.get("status")
    if status is None or status in {"unverified", "pending"}:
        if status == "pending":
            out.append(("cip.verification/pending-restricted", "/customer/identity/status"))
        else:
            out.append(("cip.verification/unverified", "/customer/identity"))
        deprovision_by = identity.get("deprovision_by")
        if deprovision_by is not None and deprovision_by < as_of:
            out.append(("cip.verification/deprovisioned", "/customer/identity/deprovision_by"))
    elif status == "failed":
        out.append(("cip.verification/failed", "/customer/identity/status"))
    methods = identity.get("methods")
    if methods and "documentary" not in methods and "non_documentary" not in methods:
        out.append(("cip.verification/method", "/customer/identity/methods"))
    if identity.get("doubts"):
        if not is_entity:
            if status == "verified":
                out.append(("cip.verification/doubts", "/customer/identity/doubts"))
        elif not identity.get("signatories_examined"):
            out.append(("cip.verification/signatories", "/customer/identity/signatories_examined"))
    if customer.get("removed_as_unverified"):
        out.append(("cip.verification/removed-before", "/customer/removed_as_unverified"))
    for index, discrepancy in enumerate(customer.get("discrepancies") or ()):
        if discrepancy.get("resolved_on") is None:
            out.append(("cip.verification/discrepancy", f"/customer/discrepancies/{index}/resolved_on"))


def _owner_verification_findings(out: list, at: str, owner: dict, as_of: str, *, is_verified_us: bool) -> None:
    identity = owner.get("identity") or NOTHING
    status = identity.get("status")
    if not is_verified_us:
        if status is None or status in {"unverified", "pending"}:
            if status == "pending":
                out.append(("cip.verification/owner-pending-restricted", f"{at}/identity/status"))
            else:
                out.append(("cip.verification/owner-unverified", f"{at}/identity"))
            deprovision_by = identity.get("deprovision_by")
            if deprovision_by is not None and deprovision_by < as_of:
                out.append(("cip.verification/owner-deprovisioned", f"{at}/identity/deprovision_by"))
        methods = identity.get("methods")
        if methods and "documentary" not in methods and "non_documentary" not in methods:
            out.append(("cip.verification/owner-method", f"{at}/identity/methods"))
    if status == "failed":
        out.append(("cip.verification/owner-failed", f"{at}/identity/status"))
    elif status == "verified" and identity.get("doubts"):
        out.append(("cip.verification/owner-doubts", f"{at}/identity/doubts"))


def _lacks_street(address: dict, kind: str) -> bool:
    """A box of an army or fleet post office may be written in another line of the address."""
    return address.get("street") is None and not (
        kind == "apo_fpo"
        and (
            address.get("city") is not None
            or address.get("region") is not None
            or address.get("postal_code") is not None
        )
    )


def _has_customer_identifier(payments: list) -> bool:
    return any(p.get("kind") == "customer_identifier" and p.get("identifier") is not None for p in payments)


def _holders_are_resolved(out: list, problems: list, *, has_owner: bool) -> bool:
    """Whether nobody unknown may own a quarter through the ownership graph."""
    is_resolved = True
    for holder in problems:
        problem, at = holder["problem"], holder.at
        if problem == "unknown_share":
            if holder.get("kind") == "entity" or not _is_established(holder):
                out.append(("cip.owners/share-unknown", f"{at}/pct"))
                is_resolved = False
        else:
            is_resolved = False
            if problem == "incomplete":
                if has_owner:
                    out.append(("cip.owners/holders-incomplete", at))
            else:
                rule, tail = PROBLEMS[problem]
                out.append((rule, at + tail))
    return is_resolved


def _is_established(holder: dict) -> bool:
    return holder.get("us_person_status") == "verified" and bool(
        holder.get("us_citizen") or holder.get("us_permanent_resident") or holder.get("located_in") in US
    )
