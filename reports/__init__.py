"""Shows: frames in, pages out; the warehouse is never opened here."""
