"""What can be said of an incoming change without a model: findings, interfaces, tests, impact, risk and questions."""
