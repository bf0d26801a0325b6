"""Extra panels that several paradigms share: fields, guidance, solver errors, what is equivalent."""
