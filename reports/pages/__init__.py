"""The pages of a week's site, one module each: a `Week` in, `Page`s out."""
