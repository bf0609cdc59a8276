"""Plain CEL Policy documents (https://github.com/cel-expr/cel-policy): read, checked, evaluated, and written."""
