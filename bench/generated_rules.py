"""Rule files by the thousand that look like those people write: plain items, owners, payments, shared variables."""

from __future__ import annotations

from pathlib import Path

# A condition may use what the file's head defines. Every rule is another text, as rules are.
KINDS = (
    """\
          - id: rule-{n}
            section: (A)
            condition: variables.is_due_{file} && has(customer.name) && customer.name == 'name {n}'
            effect: review
            message: The name {n} is looked into by a person.
""",
    """\
          - id: rule-{n}
            section: (D)
            condition: >-
              variables.is_due_{file} && customer_is_in('{place}') && !has(customer.emails)
              && has(customer.id) && customer.id != 'customer {n}'
            effect: hold
            needs: [customer.emails]
            message: Rule {n} asks for an email address.
""",
    """\
          - id: rule-{n}
            for: {{owner: owners}}
            condition: >-
              persons.is_foreign_owner(owner) && has(owner.ownership_pct) && owner.ownership_pct >= {share}.{n}
              && !has(owner.phones)
            effect: hold
            needs: [owner.phones]
            message: Rule {n} asks for the telephone number of an owner.
""",
    """\
          - id: rule-{n}
            for: {{payment: customer.payments}}
            condition: >-
              has(payment.kind) && payment.kind in ['wallet', 'other'] && !payments.is_identified(payment)
              && has(payment.source) && payment.source == 'source {n}'
            effect: restrict
            message: Rule {n} limits what an unidentified payment pays for.
""",
    """\
          - id: rule-{n}
            condition: >-
              variables.is_remote_{file} && has(customer.locations_of_use)
              && size(customer.locations_of_use) < {n}
              && customer.locations_of_use.exists(place, place.within('{place}'))
            effect: deny
            message: Rule {n} refuses use from one place.
""",
)
HEAD = """\
name: generated.set_{file}
description: Generated rules, number {file}
source: FR-2024-01580
section: 7.302(d)(1)(iii)
effective: {{from: 2024-01-29}}
actions: [account.open, account.maintain]
uses: [definitions.products, definitions.persons, definitions.payments]
rule:
  variables:
    - name: is_due_{file}
      expression: variables.customer_fields_due && has(customer.kind) && customer.kind == 'entity'
    - name: is_remote_{file}
      expression: variables.subject_to_cip && has(customer.located_in) && !customer.located_in.within('DE')
  match:
    - condition: variables.in_scope
      rule:
        aggregate:
"""
PLACES = ("FR", "GB", "JP", "BR", "IN-KA", "CA-QC", "NG", "PL")


def write_rules(directory: Path, rules: int, per_file: int) -> int:
    """Write that many rules, that many in a file, and return the number of files."""
    directory.mkdir()
    files = 0
    for first in range(0, rules, per_file):
        numbers = range(first, min(first + per_file, rules))
        text = HEAD.format(file=files) + "".join(_item(n, files) for n in numbers)
        (directory / f"set_{files:05}.yaml").write_text(text, "utf-8")
        files += 1
    return files


def _item(n: int, file: int) -> str:
    place = PLACES[n % len(PLACES)]
    text = KINDS[n % len(KINDS)].format(n=n, file=file, share=n % 100, place=place)
    return text.replace(
        f"customer_is_in('{place}')", f"has(customer.located_in) && customer.located_in.within('{place}')"
    )
