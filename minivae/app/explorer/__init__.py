"""A page in which a run can be explored: `write.page` makes it from page.html and the three scripts."""
