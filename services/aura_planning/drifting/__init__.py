"""What a document and the plan that was made of it have come to differ in."""
