"""The paper's statements as claims that a machine proves or refutes."""
