"""预期匹配度: how far what somebody expects and what the seat offers fit. Pure."""
